-- Locks one open piece of large objects that nobody holds; none while the load is paused.
select p.id, pg_catalog.to_json(p.oids::pg_catalog.int8[])::text as oids
from transhume.large_object_part p
where p.done_at is null
  and not exists (select from transhume.command c where c.name = 'pause' and c.state = 'active')
order by p.id
limit 1
for update skip locked
