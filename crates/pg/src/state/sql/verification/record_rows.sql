insert into transhume.verification_row
    (verification_id, schema_name, table_name, difference, key_columns, key, hash, row_count, columns, source_values, target_values)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
