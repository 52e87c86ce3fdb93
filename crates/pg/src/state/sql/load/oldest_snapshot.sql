-- Since when the oldest snapshot that open parts need has been held. No row when none is needed any more.
select pg_catalog.to_char(s.taken_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - s.taken_at)::double precision as age_seconds,
       coalesce((select w.snapshot_holder from transhume.runner w), '') as holder
from transhume.snapshot s
where exists (
    select from transhume.relation r
    join transhume.part p on p.source_oid = r.source_oid
    where r.snapshot_id = s.id and p.done_at is null and r.state not in ('suspended', 'dropped'))
order by s.taken_at
limit 1
