-- Who we are here, and how much of each limit is taken. Sessions are counted from pg_stat_database,
-- which shows all of them to every role.
select
    pg_catalog.current_setting('server_version_num')::integer                              as server_version,
    extract(epoch from pg_catalog.pg_postmaster_start_time())::text                        as started_at,
    pg_catalog.pg_is_in_recovery()                                                         as in_recovery,
    r.rolname::text                                                                        as role,
    r.rolsuper                                                                             as superuser,
    r.rolreplication                                                                       as replication,
    r.rolbypassrls or r.rolsuper                                                           as bypass_row_security,
    pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')                                   as signal_backend,
    coalesce(pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace('public'), 'CREATE'), true) as creates_in_public,
    d.datname::text                                                                        as database_name,
    d.oid                                                                                  as database_oid,
    (select pg_catalog.count(*) from pg_catalog.pg_replication_slots)                      as slots_used,
    pg_catalog.current_setting('max_replication_slots')::bigint                            as slots,
    (select pg_catalog.count(*) from pg_catalog.pg_stat_replication)                       as senders_used,
    pg_catalog.current_setting('max_wal_senders')::bigint                                  as senders,
    (select pg_catalog.count(*)
     from pg_catalog.pg_stat_replication r
     left join pg_catalog.pg_replication_slots s on s.active_pid = r.pid
     where s.slot_type is distinct from 'logical' and r.state is distinct from 'backup')   as standbys,
    array(
        select 'role ' || rolname from pg_catalog.pg_roles
        where rolname in ('azure_pg_admin', 'rds_superuser', 'cloudsqlsuperuser', 'alloydbsuperuser', 'supabase_admin',
                          'neon_superuser', 'heroku_admin', 'avnadmin', 'doadmin', 'crunchy_superuser')
        union all
        select 'schema heroku_ext' where pg_catalog.to_regnamespace('heroku_ext') is not null
        union all
        select 'function aurora_version' where pg_catalog.to_regprocedure('pg_catalog.aurora_version()') is not null
        union all
        select 'extension citus' from pg_catalog.pg_extension where extname = 'citus'
    )                                                                                      as marks,
    least(
        pg_catalog.current_setting('max_connections')::bigint
            - pg_catalog.current_setting('superuser_reserved_connections')::bigint
            - coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::bigint
            - (select pg_catalog.sum(numbackends) from pg_catalog.pg_stat_database),
        case when d.datconnlimit >= 0 and not r.rolsuper then
            d.datconnlimit - (select numbackends from pg_catalog.pg_stat_database s where s.datid = d.oid) end,
        case when r.rolconnlimit >= 0 and not r.rolsuper then
            r.rolconnlimit - (select pg_catalog.count(*) from pg_catalog.pg_stat_activity a where a.usesysid = r.oid) end
    )::bigint                                                                              as free_connections
from pg_catalog.pg_roles r
cross join pg_catalog.pg_database d
where r.rolname = current_user and d.datname = pg_catalog.current_database()
