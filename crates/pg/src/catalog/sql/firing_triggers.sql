-- Triggers that fire in replica role, where ordinary ones keep still.
select n.nspname::text as schema_name, c.relname::text as table_name, t.tgname::text as trigger_name,
       case t.tgenabled when 'A' then 'ALWAYS' else 'REPLICA' end as mode
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and t.tgenabled in ('A', 'R')
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
order by 1, 2, 3
