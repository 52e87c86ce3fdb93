-- $1 name, $2 argument, $3 seconds to live or null, $4 channel
with added as (
    insert into transhume.command (name, argument, expires_at)
    values ($1::text, $2::text, pg_catalog.clock_timestamp() + $3::double precision * interval '1 second')
    returning id
)
select id, pg_catalog.pg_notify($4::text, id::text) from added
