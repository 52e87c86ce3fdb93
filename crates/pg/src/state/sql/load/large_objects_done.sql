-- Runs in the transaction that made them.
update transhume.large_object_part
set done_at = pg_catalog.clock_timestamp(), objects_copied = $2::bigint, bytes_copied = $3::bigint,
    seconds = $4::double precision, loader = $5::text
where id = $1::bigint and done_at is null
