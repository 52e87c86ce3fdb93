-- Something that the rows of a change are read by and that a transaction from $1 on (64 bits) made or altered: a relation,
-- its columns, a type, an enum label or a schema; not the temporary objects of sessions. A row of the catalogs bears the
-- low 32 bits of its transaction; age() compares them modulo 2^32 with one next id, so no wrap-around can mislead it.
with horizon as (
    select pg_catalog.age(($1::bigint & 4294967295)::text::pg_catalog.xid) as age
),
altered_class as (
    select c.oid from horizon h join pg_catalog.pg_class c on pg_catalog.age(c.xmin) <= h.age
    union
    select a.attrelid from horizon h join pg_catalog.pg_attribute a on pg_catalog.age(a.xmin) <= h.age
),
altered_type as (
    select t.oid from horizon h join pg_catalog.pg_type t on pg_catalog.age(t.xmin) <= h.age
    union
    select e.enumtypid from horizon h join pg_catalog.pg_enum e on pg_catalog.age(e.xmin) <= h.age
),
altered as (
    select 'schema' as kind, n.nspname, n.nspname as name
    from horizon h join pg_catalog.pg_namespace n on pg_catalog.age(n.xmin) <= h.age
    union all
    select 'table', n.nspname, c.relname
    from altered_class
    join pg_catalog.pg_class c using (oid)
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'c', 't')
    union all
    select 'type', n.nspname, t.typname
    from altered_type
    join pg_catalog.pg_type t using (oid)
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
)
select a.kind, a.nspname::text as schema_name, a.name::text as name
from altered a
where a.nspname !~ '^pg_(toast_)?temp_'
order by a.nspname = 'pg_toast', a.kind, a.nspname, a.name
limit 1
