-- Which doors of the fence this role can shut. $1 tables, $2 sequences, as OIDs.
select
    array(
        select c.oid::pg_catalog.regclass::text
        from pg_catalog.pg_class c
        where c.oid = any ($1::pg_catalog.oid[])
          and not pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
        order by 1
    ) || array(
        -- A no-op ALTER is what locks a sequence.
        select c.oid::pg_catalog.regclass::text
        from pg_catalog.pg_class c
        where c.oid = any ($2::pg_catalog.oid[]) and not pg_catalog.pg_has_role(c.relowner, 'usage')
        order by 1
    )                                                                                       as unlockable,
    array(
        select c.oid::pg_catalog.regclass::text
        from pg_catalog.pg_class c
        where c.oid = any ($1::pg_catalog.oid[]) and not pg_catalog.pg_has_role(c.relowner, 'usage')
        order by 1
    )                                                                                       as unowned,
    (
        select pg_catalog.pg_has_role(d.datdba, 'usage')
        from pg_catalog.pg_database d
        where d.datname = pg_catalog.current_database()
    )                                                                                       as owns_database,
    pg_catalog.pg_has_role('pg_signal_backend', 'usage') or not exists (
        select
        from pg_catalog.pg_stat_activity a
        where a.datname = pg_catalog.current_database()
          and a.usesysid is not null
          and not pg_catalog.pg_has_role(a.usesysid, 'usage')
    )                                                                                       as ends_sessions,
    array(
        select distinct r.rolname::text
        from pg_catalog.pg_stat_activity a
        join pg_catalog.pg_roles r on r.oid = a.usesysid
        where a.datname = pg_catalog.current_database()
          and r.rolsuper
          and a.application_name not like 'transhume:%'
        order by 1
    )                                                                                       as superusers,
    pg_catalog.current_setting('max_locks_per_transaction')::bigint
        * (pg_catalog.current_setting('max_connections')::bigint
           + pg_catalog.current_setting('max_prepared_transactions')::bigint)               as locks_free,
    (pg_catalog.cardinality($1::pg_catalog.oid[]) + pg_catalog.cardinality($2::pg_catalog.oid[]))::bigint
                                                                                            as locks_needed
