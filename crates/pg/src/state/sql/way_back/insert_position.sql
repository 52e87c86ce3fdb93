-- The insert position, not the flushed one: an asynchronous commit may lie between the two.
select pg_catalog.pg_current_wal_insert_lsn()::text
