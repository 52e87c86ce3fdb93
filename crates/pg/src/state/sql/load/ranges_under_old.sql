-- Tables in ranges of a key that still have open parts under a snapshot that is at least $1 seconds old.
select r.source_oid
from transhume.relation r
join transhume.snapshot s on s.id = r.snapshot_id
where r.range_column is not null
  and r.state in ('planned', 'loading')
  and s.taken_at <= pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $1::double precision)
  and exists (select from transhume.part p where p.source_oid = r.source_oid and p.done_at is null)
order by r.source_oid
