-- Columns whose values name objects or roles (reg* types, aclitem), also through arrays, domains,
-- composites and ranges: their binary form is a number of this cluster, and their text can only be
-- read where the named object exists.
with recursive naming as (
    select t.oid
    from pg_catalog.pg_type t
    where t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
      and (t.typname ~ '^reg' or t.typname = 'aclitem')
      and t.typtype = 'b'
    union
    select holder.oid
    from naming
    cross join lateral (
        select t.oid from pg_catalog.pg_type t where t.typelem = naming.oid or t.typbasetype = naming.oid
        union all
        select c.reltype from pg_catalog.pg_attribute a
        join pg_catalog.pg_class c on c.oid = a.attrelid
        where a.atttypid = naming.oid and a.attnum > 0 and not a.attisdropped
          and c.reltype <> 0 and c.relnamespace <> 'pg_catalog'::pg_catalog.regnamespace
        union all
        select r.rngtypid from pg_catalog.pg_range r where r.rngsubtype = naming.oid
    ) holder
)
select n.nspname::text as schema_name, c.relname::text as table_name, a.attname::text as column_name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) as type_name
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join naming on naming.oid = a.atttypid
where a.attnum > 0 and not a.attisdropped and c.relkind = 'r' and c.relpersistence <> 't'
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
order by 1, 2, a.attnum
