-- To be compared again in the same verification.
update transhume.verification_table t set equal = null
from unnest($2::text[], $3::text[]) as wanted (schema_name, table_name)
where t.verification_id = $1 and t.schema_name = wanted.schema_name and t.table_name = wanted.table_name
