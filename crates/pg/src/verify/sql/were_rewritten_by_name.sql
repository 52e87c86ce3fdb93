-- As was_rewritten_by_name.sql for several ($1, names) by their number, from 1 on. No row for one that is gone.
with recursive tree as (
    select listed.number, pg_catalog.to_regclass(listed.name)::pg_catalog.oid as oid
    from unnest($1::text[]) with ordinality as listed (name, number)
    union
    select tree.number, i.inhrelid
    from tree
    join pg_catalog.pg_class parent on parent.oid = tree.oid and parent.relkind = 'p'
    join pg_catalog.pg_inherits i on i.inhparent = parent.oid
)
select tree.number,
       coalesce(
           pg_catalog.bool_or(c.relfilenode is distinct from pg_catalog.pg_relation_filenode(c.oid))
               filter (where c.relkind <> 'p'),
           false) as was_rewritten
from tree
join pg_catalog.pg_class c on c.oid = tree.oid
group by tree.number
