-- What reading its rows again said of a table: $4 rows that differ, $5 that were never seen at rest.
update transhume.verification_table
set differences = $4::bigint, undecided = $5::bigint, note = $6, is_all = true,
    equal = case when $4::bigint > 0 then false when $5::bigint = 0 then true end
where verification_id = $1 and schema_name = $2 and table_name = $3
