-- Those of the names $1 (schemas) and $2 (relations), side by side, that the database has.
select n.nspname::text as schema_name, c.relname::text as relation_name
from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) as wanted (schema_name, relation_name)
join pg_catalog.pg_namespace n on n.nspname = wanted.schema_name
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.relation_name
order by 1, 2
