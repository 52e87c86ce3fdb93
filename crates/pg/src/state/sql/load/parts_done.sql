-- Runs in the transaction that copied the rows. unnest of several arrays is syntax of its own and cannot be qualified.
update transhume.part p
set done_at = pg_catalog.clock_timestamp(),
    snapshot_id = done.snapshot_id,
    rows_copied = done.rows_copied,
    bytes_copied = done.bytes_copied,
    seconds = done.seconds,
    loader = $5::text
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::double precision[],
            $6::integer[]) as done (id, rows_copied, bytes_copied, seconds, snapshot_id)
where p.id = done.id and p.done_at is null
