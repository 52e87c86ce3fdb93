-- As was_rewritten.sql, on either side; a partitioned table was where one of its partitions was.
with recursive tree as (
    select pg_catalog.to_regclass($1)::pg_catalog.oid as oid
    union
    select i.inhrelid
    from tree
    join pg_catalog.pg_class parent on parent.oid = tree.oid and parent.relkind = 'p'
    join pg_catalog.pg_inherits i on i.inhparent = parent.oid
)
select coalesce(
           pg_catalog.bool_or(c.relfilenode is distinct from pg_catalog.pg_relation_filenode(c.oid))
               filter (where c.relkind <> 'p'),
           false)
from tree
join pg_catalog.pg_class c on c.oid = tree.oid
-- No row where it is gone.
having pg_catalog.count(*) > 0
