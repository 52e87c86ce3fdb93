-- The tables $1 and all partitions below those of them that are partitioned.
with recursive tree as (
    select c.oid from pg_catalog.pg_class c where c.oid = any ($1::pg_catalog.oid[])
    union
    select i.inhrelid
    from tree
    join pg_catalog.pg_class parent on parent.oid = tree.oid and parent.relkind = 'p'
    join pg_catalog.pg_inherits i on i.inhparent = parent.oid
)
select oid from tree order by oid
