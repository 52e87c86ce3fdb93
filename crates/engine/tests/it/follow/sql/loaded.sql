with slot as (
    insert into transhume.snapshot (name, snapshot, from_slot) values ('', '1:1:', true) returning id
)
insert into transhume.relation
    (source_oid, schema_name, table_name, state, snapshot_id, columns, format, format_reason, rows_estimate, bytes)
select $1, $2, $3, 'loaded', slot.id, '{}', 'text', '', 0, 0 from slot
