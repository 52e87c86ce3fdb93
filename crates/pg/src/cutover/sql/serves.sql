-- Whether this process ($1) serves a session of the database.
select exists (
    select
    from pg_catalog.pg_stat_activity a
    where a.pid = $1 and a.datname = pg_catalog.current_database()
)
