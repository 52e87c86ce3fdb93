-- Extensions of this database; plpgsql too, for it can be dropped.
select e.extname::text as name, e.extversion as version, n.nspname::text as schema_name
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
order by e.extname
