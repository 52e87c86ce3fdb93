-- Sessions that hold a transaction id, in the whole cluster: creating a slot waits for each of them.
-- Read from the lock table, which every role sees whole; pg_stat_activity hides other roles' details.
select
    l.pid,
    a.usename::text                                                                        as user_name,
    nullif(a.application_name, '')                                                         as application,
    extract(epoch from pg_catalog.clock_timestamp() - a.xact_start)::bigint                as age_seconds
from pg_catalog.pg_locks l
left join pg_catalog.pg_stat_activity a on a.pid = l.pid
where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
  and l.pid is not null
  and l.pid <> pg_catalog.pg_backend_pid()
group by l.pid, a.usename, a.application_name, a.xact_start
order by a.xact_start nulls last, l.pid
