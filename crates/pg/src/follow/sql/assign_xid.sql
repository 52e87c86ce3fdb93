select pg_catalog.txid_current()
