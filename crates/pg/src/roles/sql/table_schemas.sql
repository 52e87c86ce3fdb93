-- Schemas with tables, without the server's, ours and what extensions hold.
select distinct n.nspname::text as name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p')
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
  and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by 1
