-- Where the target's own WAL ends, and how much of it is on disk.
select pg_catalog.pg_current_wal_insert_lsn()::text as insert_lsn,
       pg_catalog.pg_current_wal_flush_lsn()::text as flush_lsn
