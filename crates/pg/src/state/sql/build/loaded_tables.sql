-- Tables that have rows of their own to load, for their ANALYZE.
select source_oid, schema_name, table_name, bytes from transhume.relation order by source_oid
