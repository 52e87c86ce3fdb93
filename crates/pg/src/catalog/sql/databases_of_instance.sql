-- All databases of the server that are no templates, and whether this role may connect to them.
select d.datname::text                                                    as name,
       d.datallowconn and pg_catalog.has_database_privilege(d.oid, 'CONNECT') as may_connect
from pg_catalog.pg_database d
where not d.datistemplate
order by d.datname
