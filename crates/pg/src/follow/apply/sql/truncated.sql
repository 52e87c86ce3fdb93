-- What a TRUNCATE must name to empty these tables ($1 schemas, $2 tables, place by place) and no other: a partitioned table
-- instead of its partitions where all of them are to be emptied. A foreign key of a partitioned table is one between the
-- partitioned tables themselves, and the server refuses to empty partitions alone that such a key refers to.
with recursive given as materialized (
    select distinct c.oid
    from unnest($1::pg_catalog.name[], $2::pg_catalog.name[]) as wanted (schema_name, table_name)
    join pg_catalog.pg_namespace n on n.nspname = wanted.schema_name
    join pg_catalog.pg_class c
      on c.relnamespace = n.oid and c.relname = wanted.table_name and c.relkind in ('r', 'p')
),
above as (
    select i.inhparent as oid
    from given
    join pg_catalog.pg_inherits i on i.inhrelid = given.oid
    join pg_catalog.pg_class parent on parent.oid = i.inhparent and parent.relkind = 'p'
    union
    select i.inhparent
    from above
    join pg_catalog.pg_inherits i on i.inhrelid = above.oid
),
-- A table that is given stands for all that is below it.
below as (
    select above.oid as root, above.oid
    from above
    union
    select below.root, i.inhrelid
    from below
    join pg_catalog.pg_inherits i on i.inhparent = below.oid
    where not exists (select from given where given.oid = below.oid)
),
whole as (
    select below.root as oid
    from below
    join pg_catalog.pg_class c on c.oid = below.oid
    group by below.root
    having pg_catalog.bool_and(c.relkind = 'p' or exists (select from given where given.oid = below.oid))
)
select n.nspname::text as schema_name,
       c.relname::text as table_name,
       c.relkind = 'p' as is_partitioned
from (select oid from given union select oid from whole) named
join pg_catalog.pg_class c on c.oid = named.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not exists (
    select
    from below
    join whole on whole.oid = below.root
    where below.oid = named.oid and below.root <> named.oid
)
order by 1, 2
