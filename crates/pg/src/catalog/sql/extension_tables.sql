-- Tables of extensions whose rows belong to the user (pg_extension_config_dump): pg_dump would carry them.
select e.extname::text as extension, n.nspname::text as schema_name, c.relname::text as table_name
from pg_catalog.pg_extension e
cross join lateral pg_catalog.unnest(e.extconfig) as config (oid)
join pg_catalog.pg_class c on c.oid = config.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r'
order by e.extname, n.nspname, c.relname
