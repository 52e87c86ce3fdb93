-- Tables ($1) that join the migration. One that was withdrawn before begins anew. What is copied of them and how is
-- planned later.
insert into transhume.relation
    (source_oid, schema_name, table_name, state, columns, format, format_reason, rows_estimate, bytes)
select added.oid, added.name ->> 'schema', added.name ->> 'name', 'adding', '{}', 'text', '', 0, 0
from pg_catalog.jsonb_to_recordset($1::jsonb) as added (oid oid, name jsonb, holds_rows boolean)
where added.holds_rows
on conflict (source_oid) do update
    set state = 'adding', facts = null, target_oid = null, target_columns = null, schema_name = excluded.schema_name, table_name = excluded.table_name
