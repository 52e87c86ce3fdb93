-- What transhume {version} asks a source before it is moved, for psql. It reads catalogs, in a transaction that reads only;
-- no row of any table is read. Run it as the role that will migrate, then assess what it wrote on any machine:
--   psql -X -f assess.sql -o shop.json 'host=old.example.com dbname=shop user=transhume'
--   transhume assess --offline shop.json
\set QUIET on
\set ON_ERROR_STOP off
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\pset pager off
\pset format unaligned
\pset tuples_only on
set client_encoding = 'UTF8';
begin transaction isolation level repeatable read, read only;
set local lock_timeout = '10s';
set local search_path = '';

select pg_catalog.jsonb_build_object('question', 'host', 'rows', pg_catalog.jsonb_build_array(
    pg_catalog.jsonb_build_object('value', :'HOST'::text)));
