-- $3 bytes of the large object $1 from byte $2 on, fewer at its end.
with slice as materialized (
    select pg_catalog.lo_get($1::text::pg_catalog.oid, $2::pg_catalog.int8, $3::pg_catalog.int4) as data
)
select data::text, pg_catalog.length(data)::text from slice
