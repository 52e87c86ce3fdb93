insert into transhume.partition (oid, source_oid, schema_name, table_name)
select planned.oid, planned.source_oid, planned.schema_name, planned.table_name
from pg_catalog.jsonb_to_recordset($1::jsonb) as planned (
    oid oid, source_oid oid, schema_name text, table_name text)
