-- Those of the names $1 (schemas) and $2 (relations), side by side, that something without rows of its own has, and what that is
-- in words of DROP: views, and roots of partitions with nothing below them that could have rows.
select n.nspname::text as schema_name, c.relname::text as relation_name,
       case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end as kind
from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) as wanted (schema_name, relation_name)
join pg_catalog.pg_namespace n on n.nspname = wanted.schema_name
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = wanted.relation_name
where c.relkind in ('v', 'm', 'f')
   or c.relkind = 'p'
      and not exists (select from pg_catalog.pg_partition_tree(c.oid::pg_catalog.regclass) t where t.isleaf)
order by 1, 2
