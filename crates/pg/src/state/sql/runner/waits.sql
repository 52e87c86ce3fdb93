update transhume.runner set waiting_for = $1::text, seen_at = pg_catalog.clock_timestamp()
