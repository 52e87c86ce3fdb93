insert into transhume.verification_table
    (verification_id, schema_name, table_name, source_rows, target_rows, equal, note)
values ($1, $2, $3, $4, $5, $6, $7)
