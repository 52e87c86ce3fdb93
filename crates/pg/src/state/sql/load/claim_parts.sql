-- Locks up to $2 open parts of at most $1 bytes that nobody holds, largest first,
-- of the snapshot $3 where it is given. None while the load is paused.
select p.id, p.number, p.source_oid, r.schema_name, r.table_name,
       pg_catalog.to_json(r.columns)::text as columns, r.format, p.predicate, p.bytes, s.id, s.name, s.snapshot::text,
       not exists (
           select from transhume.part other
           where other.source_oid = p.source_oid and other.number <> p.number) as is_only_part,
       (r.facts -> 'columns')::text as facts, held.oid, held.schema_name, held.table_name
from transhume.part p
join transhume.relation r on r.source_oid = p.source_oid
left join transhume.partition held on held.oid = p.partition
join transhume.snapshot s on s.id = r.snapshot_id
where p.done_at is null
  and r.state not in ('suspended', 'dropped')
  and p.bytes <= $1::bigint
  and ($3::integer is null or s.id = $3::integer)
  and not exists (select from transhume.command c where c.name = 'pause' and c.state = 'active')
order by p.bytes desc
limit $2::bigint
for update of p skip locked
