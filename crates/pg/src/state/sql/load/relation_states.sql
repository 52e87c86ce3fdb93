select source_oid, schema_name, table_name, state
from transhume.relation
where state <> 'dropped'
order by schema_name, table_name
