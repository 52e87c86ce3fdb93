-- Sessions that keep a snapshot of the migration $1 open on this server, the oldest first.
select pg_catalog.format('%s, pid %s', a.application_name, a.pid) as holder
from pg_catalog.pg_stat_activity a
where a.application_name = 'transhume:' || $1::text || ':snapshot'
  and a.state = 'idle in transaction'
order by a.xact_start
