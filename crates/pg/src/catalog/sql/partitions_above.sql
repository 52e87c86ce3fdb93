-- What a partition ($1, OID) is below, the uppermost first.
with recursive above (oid, depth) as (
    select i.inhparent, 1
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relispartition
    where i.inhrelid = $1
    union all
    select i.inhparent, above.depth + 1
    from above
    join pg_catalog.pg_class c on c.oid = above.oid and c.relispartition
    join pg_catalog.pg_inherits i on i.inhrelid = above.oid
)
select above.oid, n.nspname::text as schema_name, c.relname::text as relation_name
from above
join pg_catalog.pg_class c on c.oid = above.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by above.depth desc
