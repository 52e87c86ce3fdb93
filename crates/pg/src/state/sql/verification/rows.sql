select r.id, r.schema_name, r.table_name, r.difference, r.key_columns, r.key, r.hash, r.row_count, r.columns,
       r.source_values, r.target_values, r.repaired_at is not null as is_repaired
from transhume.verification_row r
where r.verification_id = $1
order by r.id
