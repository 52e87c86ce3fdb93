-- Roles that own something in this database, hold a grant or a default grant on it, or stand in a policy.
select distinct r.rolname::text as name
from pg_catalog.pg_shdepend d
join pg_catalog.pg_roles r on r.oid = d.refobjid
where d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
  and (d.dbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
       or (d.classid = 'pg_catalog.pg_database'::pg_catalog.regclass
           and d.objid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())))
  and r.rolname !~ '^pg_'
order by 1
