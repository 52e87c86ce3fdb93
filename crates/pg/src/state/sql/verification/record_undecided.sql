insert into transhume.verification_row
    (verification_id, schema_name, table_name, difference, key_columns, key, hash, row_count, columns, undecided)
values ($1, $2, $3, $4, $5, $6, $7, $8, '{}', true)
