select source_oid, schema_name, table_name, state, baseline from transhume.relation
