insert into transhume.relation
    (source_oid, schema_name, table_name, state, snapshot_id, range_column, columns, format, format_reason, rows_estimate, bytes)
select planned.source_oid, planned.schema_name, planned.table_name, 'loading', $1::integer, planned.range_column,
       array(
           select name
           from pg_catalog.jsonb_array_elements_text(planned.columns) with ordinality as listed (name, position)
           order by position),
       planned.format, planned.format_reason, planned.rows_estimate, planned.bytes
from pg_catalog.jsonb_to_recordset($2::jsonb) as planned (
    source_oid oid, schema_name text, table_name text, range_column text, columns jsonb,
    format text, format_reason text, rows_estimate bigint, bytes bigint)
