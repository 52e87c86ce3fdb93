with taken_back as (
    update transhume.command
    set expires_at = pg_catalog.clock_timestamp()
    where id = $1::bigint and state in ('requested', 'active')
    returning id
)
select pg_catalog.pg_notify($2::text, id::text) from taken_back
