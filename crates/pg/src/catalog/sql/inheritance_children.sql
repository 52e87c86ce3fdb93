-- Tables that inherit from an ordinary table (partitions are another thing).
select distinct n.nspname::text as schema_name, c.relname::text as table_name
from pg_catalog.pg_inherits i
join pg_catalog.pg_class parent on parent.oid = i.inhparent and parent.relkind in ('r', 'f')
join pg_catalog.pg_class c on c.oid = i.inhrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
order by 1, 2
