select pg_catalog.pg_current_wal_flush_lsn()::text
