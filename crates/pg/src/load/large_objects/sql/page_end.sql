-- The OID that ends the next page of $2 large objects above $1; null when there are none.
select pg_catalog.max(page.oid::pg_catalog.int8)::text
from (
    select m.oid
    from pg_catalog.pg_largeobject_metadata m
    where m.oid > $1::text::pg_catalog.oid
    order by m.oid
    limit $2::pg_catalog.int8
) page
