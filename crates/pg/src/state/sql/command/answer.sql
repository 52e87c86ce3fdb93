with answered as (
    update transhume.command
    set state = $2::text, answer = $3::text
    where id = $1::bigint
    returning id
)
select pg_catalog.pg_notify($4::text, id::text) from answered
