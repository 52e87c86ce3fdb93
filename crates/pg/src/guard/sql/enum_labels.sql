-- Enums of users with their labels in order; those of extensions change with the extension.
select n.nspname::text as schema_name,
       t.typname::text as type_name,
       pg_catalog.array_agg(e.enumlabel::text order by e.enumsortorder) as labels
from pg_catalog.pg_enum e
join pg_catalog.pg_type t on t.oid = e.enumtypid
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objid = t.oid and d.deptype = 'e')
group by n.nspname, t.typname
order by n.nspname, t.typname
