-- Hands the transaction's snapshot out by name, with what it shows.
select
    pg_catalog.pg_export_snapshot()                                             as name,
    pg_catalog.txid_current_snapshot()::text                                    as snapshot,
    pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())           as xmin
