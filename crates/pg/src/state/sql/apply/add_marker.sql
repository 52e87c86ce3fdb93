with added as (
    insert into transhume.marker (nonce, lsn)
    values ($1::text, $2::text::pg_catalog.pg_lsn)
    on conflict (nonce) do nothing
)
select pg_catalog.pg_notify($3::text, $1::text)
