select datname::text as name, oid from pg_catalog.pg_database where datname = pg_catalog.current_database()
