-- Nothing outside a batch.
with added as (
    insert into transhume.marker (nonce, lsn)
    select $1::text, $2::text::pg_catalog.pg_lsn
    where pg_catalog.current_setting('transaction_isolation') = 'read committed'
    on conflict (nonce) do nothing
)
select pg_catalog.pg_notify($3::text, $1::text)
