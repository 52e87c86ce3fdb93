-- Ends our own server process $1, whose connection is given up.
select pg_catalog.pg_terminate_backend(a.pid)
from pg_catalog.pg_stat_activity a
where a.pid = $1::int4
  and a.application_name = $2::text
  and a.usename = current_user
