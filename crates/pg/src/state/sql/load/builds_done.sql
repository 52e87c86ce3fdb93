-- Runs in the transaction that ran the statements. unnest of several arrays is syntax of its own and cannot be qualified.
update transhume.build b
set done_at = pg_catalog.clock_timestamp(), seconds = done.seconds, loader = $3::text
from unnest($1::bigint[], $2::double precision[]) as done (id, seconds)
where b.id = done.id and b.done_at is null
