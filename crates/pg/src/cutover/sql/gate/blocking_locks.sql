-- Transactions that hold a lock on these tables ($1, OIDs) which a SHARE ROW EXCLUSIVE lock waits for, oldest first.
-- Read from the lock table, which every role sees whole; pg_stat_activity hides other roles' details, ages among them.
select l.pid,
       coalesce(pg_catalog.min(a.usename::text), '')                                        as user_name,
       coalesce(pg_catalog.min(a.application_name), '')                                     as application,
       pg_catalog.min(l.relation::pg_catalog.regclass::text)                                as table_name,
       coalesce(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - pg_catalog.min(a.xact_start)), 0)
           ::double precision                                                               as age_seconds,
       coalesce(pg_catalog.bool_or(a.backend_type = 'autovacuum worker'), false)            as is_autovacuum
from pg_catalog.pg_locks l
left join pg_catalog.pg_stat_activity a on a.pid = l.pid
where l.locktype = 'relation'
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and l.relation = any ($1::pg_catalog.oid[])
  and l.granted
  and l.mode not in ('AccessShareLock', 'RowShareLock')
  and l.pid <> pg_catalog.pg_backend_pid()
group by l.pid
order by age_seconds desc, l.pid
