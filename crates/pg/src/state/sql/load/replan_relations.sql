update transhume.relation r
set schema_name = planned.schema_name,
    table_name = planned.table_name,
    state = 'planned',
    snapshot_id = null,
    facts = null,
    range_column = planned.range_column,
    columns = array(
        select name
        from pg_catalog.jsonb_array_elements_text(planned.columns) with ordinality as listed (name, position)
        order by position),
    format = planned.format,
    format_reason = planned.format_reason,
    rows_estimate = planned.rows_estimate,
    bytes = planned.bytes
from pg_catalog.jsonb_to_recordset($1::jsonb) as planned (
    source_oid oid, schema_name text, table_name text, range_column text, columns jsonb,
    format text, format_reason text, rows_estimate bigint, bytes bigint)
where r.source_oid = planned.source_oid
