
select pg_catalog.current_setting('server_version_num')::integer >= 150000 as since_15 \gset
\if :since_15
select pg_catalog.jsonb_build_object('question', 'database collation version', 'rows', pg_catalog.jsonb_build_array(
    pg_catalog.jsonb_build_object('value', (
        select pg_catalog.pg_database_collation_actual_version(oid)
        from pg_catalog.pg_database where datname = pg_catalog.current_database()))));
\endif
rollback;
