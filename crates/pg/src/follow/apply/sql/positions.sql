-- Where the target's own WAL ends, and how much of it will not be lost.
-- Whether a standby must have it too may change while a session lives (session.sql). One that committed without waiting
-- for that standby waits from now on, and until a COMMIT of it has waited nothing counts.
select pg_catalog.pg_current_wal_insert_lsn()::text as insert_lsn,
       case when s.commits_early and s.has_standby then '0/0'
            else pg_catalog.pg_current_wal_flush_lsn()::text end as flush_lsn,
       pg_catalog.set_config('synchronous_commit', case when s.has_standby then 'on' else 'off' end, false)
from (select pg_catalog.current_setting('synchronous_commit') = 'off' as commits_early,
             pg_catalog.current_setting('synchronous_standby_names') <> '' as has_standby
      offset 0) as s
