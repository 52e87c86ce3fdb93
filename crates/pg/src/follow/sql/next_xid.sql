select pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())
