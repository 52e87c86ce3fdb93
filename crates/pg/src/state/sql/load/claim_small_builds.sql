-- All open builds of these tables, which this transaction has locked, each table's in the order in which they must run.
select b.id, b.kind, b.name, pg_catalog.to_json(b.statements)::text as statements, b.source_oid
from transhume.build b
where b.source_oid = any ($1::oid[])
  and b.done_at is null
  and b.together
  and not b.held_until_cutover
order by b.source_oid, b.rank, b.id
for update
