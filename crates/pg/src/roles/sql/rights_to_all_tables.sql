-- What these roles ($1) may do with every table there is. Where there is none, nothing is shown by that.
with tables as (
    select c.oid, n.oid as schema
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
      and n.nspname not in ('information_schema', 'transhume')
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
)
select r.rolname::text as name,
       exists (select from tables) and not exists (
           select from tables t
           where not (pg_catalog.has_schema_privilege(r.oid, t.schema, 'USAGE')
                      and pg_catalog.has_table_privilege(r.oid, t.oid, 'SELECT'))) as reads,
       exists (select from tables) and not exists (
           select from tables t
           where not (pg_catalog.has_schema_privilege(r.oid, t.schema, 'USAGE')
                      and pg_catalog.has_table_privilege(r.oid, t.oid, 'INSERT')
                      and pg_catalog.has_table_privilege(r.oid, t.oid, 'UPDATE')
                      and pg_catalog.has_table_privilege(r.oid, t.oid, 'DELETE'))) as writes
from pg_catalog.pg_roles r
where r.rolname = any ($1::text[])
