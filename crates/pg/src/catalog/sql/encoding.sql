select pg_catalog.getdatabaseencoding()::text
