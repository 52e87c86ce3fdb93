-- Whatever is called $2 in the schema $1, and that schema itself where $2 is empty.
select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2
union all
select p.oid from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = $1 and p.proname = $2
union all
select t.oid from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace where n.nspname = $1 and t.typname = $2
union all
select n.oid from pg_catalog.pg_namespace n where n.nspname = $1 and $2 = ''
