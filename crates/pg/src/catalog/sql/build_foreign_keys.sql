-- Definitions of the foreign keys with these OIDs ($1); those that a partition has from its parent are never among them.
select
    k.oid,
    k.conname::text                          as constraint_name,
    n.nspname::text                          as schema_name,
    t.relname::text                          as table_name,
    -- what is validated later leaves those of single partitions as they were
    'p' in (t.relkind, f.relkind)            as is_of_partitions,
    k.convalidated                           as is_validated,
    pg_catalog.pg_get_constraintdef(k.oid)   as definition,
    pg_catalog.pg_table_size(t.oid)          as bytes
from pg_catalog.pg_constraint k
join pg_catalog.pg_class t on t.oid = k.conrelid
join pg_catalog.pg_class f on f.oid = k.confrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where k.oid = any ($1::pg_catalog.oid[])
  and k.contype = 'f'
  and k.conparentid = 0
order by k.oid
