-- Places of the server's lock table that nobody uses now; all sessions share it.
select pg_catalog.current_setting('max_locks_per_transaction')::bigint
       * (pg_catalog.current_setting('max_connections')::bigint
          + pg_catalog.current_setting('max_prepared_transactions')::bigint)
       - (select pg_catalog.count(*) from pg_catalog.pg_locks l where not l.fastpath) as free
