update transhume.runner
set stands_before = $1::oid, waiting_for = $2::text, seen_at = pg_catalog.clock_timestamp()
