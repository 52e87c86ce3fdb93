-- Checks of tables and partitions that are validated, although those that they come from ($1) are not: a table that joined
-- later was empty, or had been looked at by itself. No dump says so.
with recursive check_of as (
    select k.oid, k.conrelid, k.conname, k.convalidated, false as is_inherited
    from pg_catalog.pg_constraint k
    where k.oid = any ($1::pg_catalog.oid[]) and k.contype = 'c'
    union
    select k.oid, k.conrelid, k.conname, k.convalidated, true
    from check_of above
    join pg_catalog.pg_inherits i on i.inhparent = above.conrelid
    join pg_catalog.pg_constraint k
        on k.conrelid = i.inhrelid and k.conname = above.conname and k.contype = 'c' and k.coninhcount > 0
    where not above.convalidated
)
select n.nspname::text as schema_name, c.relname::text as table_name, check_of.conname::text as constraint_name
from check_of
join pg_catalog.pg_class c on c.oid = check_of.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where check_of.convalidated and check_of.is_inherited
order by check_of.oid
