-- Indexes and constraints of these tables ($1 schemas, $2 names) that exist and are not valid. The copies of a foreign key
-- for partitions that it refers to are never validated once it was NOT VALID: they only act on deletions.
with wanted as (
    select c.oid, n.nspname, c.relname
    from unnest($1::text[], $2::text[]) as w (schema_name, table_name)
    join pg_catalog.pg_namespace n on n.nspname = w.schema_name
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.table_name
)
select 'index ' || i.indexrelid::pg_catalog.regclass::text as name
from wanted w
join pg_catalog.pg_index i on i.indrelid = w.oid
where not i.indisvalid or not i.indisready
union all
select 'constraint ' || o.conname || ' of ' || w.oid::pg_catalog.regclass::text
from wanted w
join pg_catalog.pg_constraint o on o.conrelid = w.oid
left join pg_catalog.pg_constraint parent on parent.oid = o.conparentid
where not o.convalidated
  and parent.conrelid is distinct from o.conrelid
order by 1
