update transhume.verification_table
set ended_at = pg_catalog.clock_timestamp(), source_rows = $4, target_rows = $5, equal = $6,
    differences = $7, is_all = $8, note = $9, source_digest = $10, target_digest = $11
where verification_id = $1 and schema_name = $2 and table_name = $3 and ended_at is null
