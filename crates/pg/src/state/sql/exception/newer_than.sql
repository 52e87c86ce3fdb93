-- The newest stored change, with how many have higher numbers than $1; no row where none has.
select e.id as number,
       e.schema_name || '.' || e.table_name as table_name,
       e.operation || ', ' || e.reason as reason,
       (select pg_catalog.count(*) from transhume.exception n where n.id > $1) as count
from transhume.exception e
where e.id > $1
order by e.id desc
limit 1
