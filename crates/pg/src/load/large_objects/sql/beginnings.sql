-- The first $2 bytes of each of the large objects $1, as arrays side by side; those that have more (or just as
-- much); how many objects and bytes that is.
with content as materialized (
    select m.oid, pg_catalog.lo_get(m.oid, 0, $2::pg_catalog.int4) as data
    from pg_catalog.pg_largeobject_metadata m
    where m.oid = any ($1::pg_catalog.oid[])
)
select coalesce(pg_catalog.array_agg(oid order by oid), '{}')::text as oids,
       coalesce(pg_catalog.array_agg(data order by oid), '{}')::text as contents,
       coalesce(pg_catalog.json_agg(oid::pg_catalog.int8 order by oid)
           filter (where pg_catalog.length(data) = $2::pg_catalog.int4), '[]')::text as longer,
       pg_catalog.count(*)::text as objects,
       coalesce(pg_catalog.sum(pg_catalog.length(data)), 0)::text as bytes
from content
