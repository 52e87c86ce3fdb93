-- The size of every database that the role may look at, and whether it may see the files of the WAL.
select coalesce(pg_catalog.sum(pg_catalog.pg_database_size(d.oid)) filter (
           where pg_catalog.has_database_privilege(d.oid, 'CONNECT')
              or pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')), 0)::bigint   as databases,
       pg_catalog.has_function_privilege('pg_catalog.pg_ls_waldir()', 'EXECUTE')      as sees_wal,
       (select s.setting::bigint * 1024 * 1024
        from pg_catalog.pg_settings s
        where s.name = 'max_wal_size')                                                as most_wal
from pg_catalog.pg_database d
