-- How many connections this role can still open to this database, and what memory the server has.
-- A limit of -1 means none. reserved_connections exists since 16.
with used as (
    select pg_catalog.count(*) as by_all,
           pg_catalog.count(*) filter (where a.usename = current_user) as by_role,
           pg_catalog.count(*) filter (where a.datname = pg_catalog.current_database()) as by_database
    from pg_catalog.pg_stat_activity a
    where a.backend_type = 'client backend'
)
select
    greatest(0, least(
        pg_catalog.current_setting('max_connections')::bigint
            - pg_catalog.current_setting('superuser_reserved_connections')::bigint
            - coalesce(pg_catalog.current_setting('reserved_connections', true)::bigint, 0)
            - used.by_all,
        case when r.rolconnlimit >= 0 then r.rolconnlimit - used.by_role end,
        case when d.datconnlimit >= 0 then d.datconnlimit - used.by_database end
    ))                                                                                  as free_connections,
    pg_catalog.pg_size_bytes(pg_catalog.current_setting('shared_buffers')) / 1024       as shared_buffers_kib,
    pg_catalog.pg_size_bytes(pg_catalog.current_setting('maintenance_work_mem')) / 1024 as maintenance_work_mem_kib,
    least(pg_catalog.current_setting('max_parallel_workers')::bigint,
          pg_catalog.current_setting('max_worker_processes')::bigint)                   as max_parallel_workers,
    pg_catalog.current_setting('max_parallel_maintenance_workers')::bigint              as max_parallel_maintenance_workers
from used
join pg_catalog.pg_roles r on r.rolname = current_user
join pg_catalog.pg_database d on d.datname = pg_catalog.current_database()
