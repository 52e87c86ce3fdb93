-- Processes of sessions that are just beginning: in the transaction of their beginning, and not listed yet (before
-- PostgreSQL 18), or listed without their database.
select l.pid
from pg_catalog.pg_locks l
where l.locktype = 'virtualxid'
  and l.pid <> pg_catalog.pg_backend_pid()
  and not exists (
    select from pg_catalog.pg_stat_activity a
    where a.pid = l.pid
      and (a.datid is not null or a.backend_type <> 'client backend')
  )
