-- What is called by its name alone on the other side, of these ($1) or all that there is: its identity, what it is, its names as ALTER
-- takes them. Expects search_path = ''. The body of a function on the source.
select o.class, o.object, a.type,
       -- printed as one quoted text
       case when o.type_name is null then a.object_names else array[o.schema_name, o.type_name] end::text[],
       a.object_args
from (
    select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, c.oid, n.nspname::text, null::text
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where (c.relkind in ('v', 'm', 'S') or c.relkind = 'p' and not c.relispartition)
      and c.relpersistence <> 't' and ($1 is null or c.oid = any ($1))
    union all
    select 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, n.nspname, null
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.prokind in ('f', 'p') and ($1 is null or p.oid = any ($1))
    union all
    select 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, n.nspname, t.typname
    from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    left join pg_catalog.pg_class c on c.oid = t.typrelid
    where (t.typtype in ('e', 'd', 'r') or c.relkind = 'c') and ($1 is null or t.oid = any ($1))
    union all
    select 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, n.nspname, null
    from pg_catalog.pg_namespace n
    where $1 is null or n.oid = any ($1)) o (class, object, schema_name, type_name),
    pg_catalog.pg_identify_object_as_address(o.class, o.object, 0) a
where o.schema_name !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and o.schema_name not in ('information_schema', 'transhume')
