-- Removes up to $1 of the large objects that this migration made, and says how many that was.
with made as materialized (
    select m.oid
    from pg_catalog.pg_largeobject_metadata m
    where m.oid in (select pg_catalog.unnest(p.oids) from transhume.large_object_part p where p.done_at is not null)
    limit $1::pg_catalog.int8
)
select pg_catalog.count(pg_catalog.lo_unlink(made.oid)) from made
