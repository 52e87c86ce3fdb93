-- Ends sessions of ours with these pids, whose clients are gone; how many were still there.
select pg_catalog.count(pg_catalog.pg_terminate_backend(a.pid))
from pg_catalog.pg_stat_activity a
where a.pid = any ($1::int4[])
  and a.usename = current_user
  and a.application_name like 'transhume:%'
