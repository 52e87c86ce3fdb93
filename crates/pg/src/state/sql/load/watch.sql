-- What the source looks like while the full load runs.
update transhume.runner
set seen_at = pg_catalog.clock_timestamp(),
    waiting_for = $3::text,
    source_wal_end = $1::text::pg_catalog.pg_lsn,
    snapshot_holder = $2::text
