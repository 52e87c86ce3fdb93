-- What the source looks like while the full load runs.
update transhume.runner
set seen_at = pg_catalog.clock_timestamp(),
    waiting_for = $4::text,
    source_wal_end = $1::text::pg_catalog.pg_lsn,
    slot_retained_bytes = $2::bigint,
    snapshot_holder = $3::text
