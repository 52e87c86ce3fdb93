-- Every user table, and partitioned ones; members of extensions left out (see tables.sql).
select c.oid, n.nspname::text as schema_name, c.relname::text as table_name, c.relkind = 'p' as is_partitioned
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p')
  and c.relpersistence <> 't'
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
  and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e')
order by n.nspname, c.relname
