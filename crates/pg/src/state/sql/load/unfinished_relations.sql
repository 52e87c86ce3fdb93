select r.source_oid, r.schema_name, r.table_name,
       pg_catalog.bool_or(p.done_at is not null) as has_done_parts,
       r.range_column is not null as is_in_ranges
from transhume.relation r
join transhume.part p on p.source_oid = r.source_oid
where r.snapshot_id = any ($1::integer[])
group by r.source_oid, r.schema_name, r.table_name
having pg_catalog.bool_or(p.done_at is null)
