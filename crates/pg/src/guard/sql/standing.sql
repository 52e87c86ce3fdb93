-- What a server is at this moment, and how the slot $1 stands on it: one query, so that all of it holds at once.
-- The timeline is that of the WAL being written. The control file's is that of the last checkpoint, which a server
-- that was promoted a moment ago has not made yet; a standby has none of its own.
-- wal_status exists from 13 on, failover from 17 on; to_jsonb reads them where they are there.
select pg_catalog.pg_is_in_recovery()                                                       as in_recovery,
       (select c.system_identifier::text from pg_catalog.pg_control_system() c)             as system,
       case when not pg_catalog.pg_is_in_recovery()
            then ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8))::bit(32)::int4
       end                                                                                  as timeline,
       case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
            else pg_catalog.pg_current_wal_flush_lsn() end::text                            as wal_end,
       d.oid                                                                                as database_oid,
       d.datname::text                                                                      as database,
       s.slot_name is not null                                                              as has_slot,
       s.plugin::text                                                                       as plugin,
       s.database::text                                                                     as slot_database,
       s.active_pid,
       s.confirmed_flush_lsn::text                                                          as confirmed_flush,
       s.restart_lsn::text                                                                  as restart,
       pg_catalog.to_jsonb(s) ->> 'wal_status'                                              as wal_status,
       coalesce((pg_catalog.to_jsonb(s) ->> 'failover')::boolean, false)                    as is_failover
from pg_catalog.pg_database d
left join pg_catalog.pg_replication_slots s on s.slot_name = $1
where d.datname = pg_catalog.current_database()
