select source_oid, schema_name, table_name, state
from transhume.relation
order by schema_name, table_name
