-- As end_table.sql for several tables at once. Pieces of those that were compared have served.
with ended as (
    select *
    from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[], $7::bigint[], $8::boolean[], $9::text[],
                $10::text[], $11::text[])
         as e (schema_name, table_name, source_rows, target_rows, equal, differences, is_all, note, source_digest, target_digest)
), served as (
    delete from transhume.verification_piece p
    using ended e
    where p.verification_id = $1 and p.schema_name = e.schema_name and p.table_name = e.table_name and e.equal is not null
)
update transhume.verification_table t
set ended_at = pg_catalog.clock_timestamp(), source_rows = e.source_rows, target_rows = e.target_rows, equal = e.equal,
    differences = e.differences, is_all = e.is_all, note = e.note, source_digest = e.source_digest,
    target_digest = e.target_digest
from ended e
where t.verification_id = $1 and t.schema_name = e.schema_name and t.table_name = e.table_name and t.ended_at is null
