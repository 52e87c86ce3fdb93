-- What tables are compared as.
update transhume.verification_table t
set loaded_under = n.loaded_under, source_shape = n.source_shape, target_shape = n.target_shape
from unnest($2::text[], $3::text[], $4::integer[], $5::text[], $6::text[])
     as n (schema_name, table_name, loaded_under, source_shape, target_shape)
where t.verification_id = $1 and t.schema_name = n.schema_name and t.table_name = n.table_name
