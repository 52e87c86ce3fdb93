-- Runs in the transaction that ran the statements.
update transhume.build
set done_at = pg_catalog.clock_timestamp(), seconds = $2::double precision, loader = $3::text
where id = $1::bigint and done_at is null
