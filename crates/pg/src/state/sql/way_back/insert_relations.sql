-- $1 OIDs on the source of the reverse stream, $2 schemas, $3 tables, $4 their columns as JSON: nothing is
-- loaded, and nothing is visible in a load, so every change of the stream is applied.
insert into transhume.relation
    (source_oid, schema_name, table_name, state, columns, format, format_reason, rows_estimate, bytes)
select listed.oid, listed.schema_name, listed.table_name, 'loaded',
       array(select pg_catalog.jsonb_array_elements_text($4::jsonb -> (listed.place - 1)::integer)),
       'text', '', 0, 0
from rows from (
    pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])
) with ordinality as listed (oid, schema_name, table_name, place)
