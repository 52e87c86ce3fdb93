-- What this role may do with each user table: publish it (owners only), read it, read all of it.
select
    c.oid,
    pg_catalog.pg_has_role(c.relowner, 'USAGE')                              as owned,
    pg_catalog.has_table_privilege(c.oid, 'SELECT')
        and pg_catalog.has_schema_privilege(n.oid, 'USAGE')                  as readable,
    c.relrowsecurity and pg_catalog.row_security_active(c.oid)               as row_security_active
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.relpersistence <> 't'
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
order by c.oid
