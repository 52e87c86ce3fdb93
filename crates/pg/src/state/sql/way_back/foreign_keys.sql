-- Foreign keys of these tables ($1, OIDs), in either direction.
select n.nspname::text as schema_name, k.conname::text as constraint_name
from pg_catalog.pg_constraint k
join pg_catalog.pg_namespace n on n.oid = k.connamespace
where k.contype = 'f'
  and (k.conrelid = any ($1) or k.confrelid = any ($1))
order by n.nspname, k.conname
