delete from transhume.exception e
using rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) as reloaded (schema_name, table_name)
where e.schema_name = reloaded.schema_name and e.table_name = reloaded.table_name
