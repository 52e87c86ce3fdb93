-- The session of ours with this pid, if it still lives: its client is gone.
select pg_catalog.pg_terminate_backend(a.pid)
from pg_catalog.pg_stat_activity a
where a.pid = $1
  and a.usename = current_user
  and a.application_name like 'transhume:%'
