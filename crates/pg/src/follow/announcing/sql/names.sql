-- What these are called ($1), or all that there is: their identity, what each is, its names as ALTER takes them, whether the other side
-- knows it by these alone, and what of it a grant or another owner alters. Expects search_path = ''. The body of a function on the
-- source.
select o.class, o.object, a.type,
       -- printed as one quoted text
       case when o.type_name is null then a.object_names else array[o.schema_name, o.type_name] end::text[],
       a.object_args, o.is_by_name, o.access
from (
    select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, c.oid, n.nspname::text, null::text,
           c.relkind in ('v', 'm', 'S') or c.relkind = 'p' and not c.relispartition,
           pg_catalog.concat_ws(' ', c.relowner, c.relacl::text, (
               select pg_catalog.string_agg(a.attnum || a.attacl::text, ' ' order by a.attnum)
               from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attacl is not null))
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'v', 'm', 'S', 'p', 'f') and c.relpersistence <> 't' and ($1 is null or c.oid = any ($1))
    union all
    select 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, n.nspname, null, true, pg_catalog.concat_ws(' ', p.proowner, p.proacl::text)
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.prokind in ('f', 'p', 'a') and ($1 is null or p.oid = any ($1))
    union all
    select 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, n.nspname, t.typname, true, pg_catalog.concat_ws(' ', t.typowner, t.typacl::text)
    from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    left join pg_catalog.pg_class c on c.oid = t.typrelid
    where (t.typtype in ('e', 'd', 'r') or c.relkind = 'c') and ($1 is null or t.oid = any ($1))
    union all
    select 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, n.nspname, null, true, pg_catalog.concat_ws(' ', n.nspowner, n.nspacl::text)
    from pg_catalog.pg_namespace n
    where $1 is null or n.oid = any ($1)) o (class, object, schema_name, type_name, is_by_name, access),
    pg_catalog.pg_identify_object_as_address(o.class, o.object, 0) a
where o.schema_name !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and o.schema_name not in ('information_schema', 'transhume')
