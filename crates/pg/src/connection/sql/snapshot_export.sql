-- Hands the transaction's snapshot out by name, with what it shows.
select
    pg_catalog.pg_export_snapshot()                                             as name,
    pg_catalog.txid_current_snapshot()::text                                    as snapshot,
    pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())           as xmin,
    case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
         else pg_catalog.pg_current_wal_insert_lsn() end::text                  as wal_end
