update transhume.runner
set seen_at = pg_catalog.clock_timestamp(),
    measured_at = pg_catalog.clock_timestamp(),
    waiting_for = case when stands_before is null then '' else waiting_for end,
    source_wal_end = $1::text::pg_catalog.pg_lsn,
    received_lsn = $2::text::pg_catalog.pg_lsn
