update transhume.verification_piece
set done_at = pg_catalog.clock_timestamp(), comparer = $5,
    buckets = $6, source_rows = $7, source_sums = $8, target_rows = $9, target_sums = $10
where verification_id = $1 and schema_name = $2 and table_name = $3 and number = $4 and done_at is null
