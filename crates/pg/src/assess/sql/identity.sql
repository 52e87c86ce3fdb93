-- Some services refuse these functions to all but superusers. A server that takes writes is on the timeline of the WAL
-- that it writes: its control file still names the former one until the first checkpoint after a promotion.
select
    (select system_identifier::text from pg_catalog.pg_control_system())              as system_identifier,
    case when pg_catalog.pg_is_in_recovery()
         then (select timeline_id from pg_catalog.pg_control_checkpoint())
         else ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8))::bit(32)::int4
    end                                                                               as timeline
