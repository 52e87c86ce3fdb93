-- Takes up what the target's tables are called by now.
update transhume.relation r
set schema_name = n.nspname, table_name = c.relname
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = r.target_oid
  and (r.schema_name, r.table_name) is distinct from (n.nspname::text, c.relname::text)
