-- Tables ($1) that join the migration. One that was withdrawn before begins anew. What is copied of them and how is
-- planned later. Another table that was known by such a name is gone: the target has none of that name any more.
with added as (
    select listed.oid, listed.name ->> 'schema' as schema_name, listed.name ->> 'name' as table_name
    from pg_catalog.jsonb_to_recordset($1::jsonb) as listed (oid oid, name jsonb, holds_rows boolean)
    where listed.holds_rows
), gone as (
    update transhume.relation r
    set state = 'dropped'
    from added
    where r.schema_name = added.schema_name and r.table_name = added.table_name and r.source_oid <> added.oid
)
insert into transhume.relation
    (source_oid, schema_name, table_name, state, columns, format, format_reason, rows_estimate, bytes)
select added.oid, added.schema_name, added.table_name, 'adding', '{}', 'text', '', 0, 0
from added
on conflict (source_oid) do update
    set state = 'adding', facts = null, target_oid = null, target_columns = null, schema_name = excluded.schema_name, table_name = excluded.table_name
