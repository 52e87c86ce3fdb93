select pg_catalog.substr(pg_catalog.md5(
           pg_catalog.random()::text || pg_catalog.clock_timestamp()::text || pg_catalog.pg_backend_pid()::text),
       1, 16)
