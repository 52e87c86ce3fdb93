-- Which tables of the target have the rows of those whose names are known and no more: asked once they are made, and again
-- ($1) of tables that were altered to fit.
update transhume.relation r
set target_oid = c.oid,
    target_columns = (
        select coalesce(pg_catalog.jsonb_object_agg(a.attname, a.attnum), '{}')
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '')
from pg_catalog.pg_namespace n
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p')
where n.nspname = r.schema_name and c.relname = r.table_name
  and r.facts is not null
  and (r.target_oid is null or r.source_oid = any ($1::oid[]))
