select e.schema_name || '.' || e.table_name as table_name,
       pg_catalog.count(*) as count,
       (pg_catalog.array_agg(e.operation || ', ' || e.reason order by e.id desc))[1] as latest
from transhume.exception e
group by e.schema_name, e.table_name
order by e.schema_name, e.table_name
