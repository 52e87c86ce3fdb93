-- Roots of partition trees among these OIDs ($1): autovacuum never analyses them, and without statistics of
-- the whole tree the planner guesses. ANALYZE of a root makes those of all its partitions too.
select n.nspname::text as schema_name, c.relname::text as table_name,
       array(select t.relid::pg_catalog.oid from pg_catalog.pg_partition_tree(c.oid) t) as members,
       exists (select from pg_catalog.pg_partition_tree(c.oid) t
               join pg_catalog.pg_index i on i.indrelid = t.relid
               where i.indexprs is not null) as has_expressions
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = any ($1::pg_catalog.oid[])
  and c.relkind = 'p'
  and not c.relispartition
order by c.oid
