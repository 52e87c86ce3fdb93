-- Tells sessions of these names ($1) and of the same role to end; how many were still there.
select pg_catalog.count(pg_catalog.pg_terminate_backend(a.pid))
from pg_catalog.pg_stat_activity a
where a.application_name = any ($1::text[])
  and a.usename = current_user
  and a.datname = pg_catalog.current_database()
