-- PostgreSQL 15 and later.
select pg_catalog.pg_database_collation_actual_version(oid) as actual_version
from pg_catalog.pg_database where datname = pg_catalog.current_database()
