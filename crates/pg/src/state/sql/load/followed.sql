-- Every table that the migration has, with what is remembered of it.
select r.source_oid, r.schema_name, r.table_name, r.state, r.facts, r.target_oid, r.target_columns,
       array(select p.oid from transhume.partition p where p.source_oid = r.source_oid order by p.oid) as partitions
from transhume.relation r
