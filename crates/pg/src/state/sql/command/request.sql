-- $1 name, $2 argument, $3 seconds to live or null, $4 channel. What lives for a time only does not outlive who asked.
with added as (
    insert into transhume.command (name, argument, expires_at, backend_pid, backend_start)
    select $1::text, $2::text, pg_catalog.clock_timestamp() + $3::double precision * interval '1 second', a.pid, a.backend_start
    from (values (1)) one (row)
    left join pg_catalog.pg_stat_activity a on a.pid = pg_catalog.pg_backend_pid() and $3::double precision is not null
    returning id
)
select id, pg_catalog.pg_notify($4::text, id::text) from added
