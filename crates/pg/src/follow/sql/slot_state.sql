-- wal_status and safe_wal_size exist from 13 on; to_jsonb reads them where they are there.
select s.plugin::text as plugin,
       s.database::text as database,
       s.active_pid,
       s.confirmed_flush_lsn::text as confirmed_flush_lsn,
       pg_catalog.to_jsonb(s) ->> 'wal_status' as wal_status,
       pg_catalog.pg_wal_lsn_diff(
           case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
                else pg_catalog.pg_current_wal_lsn() end,
           s.restart_lsn)::bigint as retained_bytes,
       pg_catalog.pg_wal_lsn_diff(
           case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
                else pg_catalog.pg_current_wal_lsn() end,
           s.confirmed_flush_lsn)::bigint as backlog_bytes,
       pg_catalog.pg_wal_lsn_diff(
           case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
                else pg_catalog.pg_current_wal_lsn() end,
           greatest(s.confirmed_flush_lsn, r.sent_lsn))::bigint as unsent_bytes,
       (pg_catalog.to_jsonb(s) ->> 'safe_wal_size')::bigint as safe_wal_bytes,
       pg_catalog.age(s.catalog_xmin) as catalog_xmin_age
from pg_catalog.pg_replication_slots s
left join pg_catalog.pg_stat_replication r on r.pid = s.active_pid
where s.slot_name = $1
