select pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())
     > pg_catalog.txid_snapshot_xmax($1::text::pg_catalog.txid_snapshot)
