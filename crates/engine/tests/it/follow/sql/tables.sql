select c.oid, n.nspname::text, c.relname::text
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r'
  and c.relpersistence = 'p'
  and n.nspname <> 'information_schema'
  and n.nspname !~ '^pg_'
