delete from transhume.verification_row
where verification_id = $1 and schema_name = $2 and table_name = $3
