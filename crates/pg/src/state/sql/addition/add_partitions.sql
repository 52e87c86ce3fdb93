-- The partitions among these tables ($1) whose rows are moved under the name of a tree.
insert into transhume.partition (oid, source_oid, schema_name, table_name)
select added.oid, added.tree, added.name ->> 'schema', added.name ->> 'name'
from pg_catalog.jsonb_to_recordset($1::jsonb) as added (oid oid, name jsonb, tree oid)
where added.tree is not null
on conflict (oid) do nothing
