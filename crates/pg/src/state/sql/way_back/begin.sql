-- $1 where the stream begins: all that was written before came from here.
with begun as (
    update transhume.migration
    set consistent_point = $1::text::pg_lsn, phase = 'follow', phase_since = pg_catalog.clock_timestamp()
    where phase = 'prepare'
    returning 1
)
update transhume.frontier
set lsn = $1::text::pg_lsn, updated_at = pg_catalog.clock_timestamp()
where exists (select from begun)
