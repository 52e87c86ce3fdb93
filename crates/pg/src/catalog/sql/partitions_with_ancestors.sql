-- Every partition with each table that it is a partition of, directly or not.
with recursive above as (
    select i.inhrelid as partition, i.inhparent as ancestor
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where c.relispartition and c.relkind in ('r', 'p', 'f')
    union all
    select above.partition, i.inhparent
    from above
    join pg_catalog.pg_class c on c.oid = above.ancestor and c.relispartition
    join pg_catalog.pg_inherits i on i.inhrelid = c.oid
)
select n.nspname::text as partition_schema, c.relname::text as partition_name,
       s.nspname::text as ancestor_schema, a.relname::text as ancestor_name
from above
join pg_catalog.pg_class c on c.oid = above.partition
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class a on a.oid = above.ancestor
join pg_catalog.pg_namespace s on s.oid = a.relnamespace
order by 1, 2, 3, 4
