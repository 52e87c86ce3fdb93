-- The OIDs of all large objects, in pieces of $1.
select pg_catalog.array_agg(numbered.oid order by numbered.oid) as oids
from (
    select m.oid, (pg_catalog.row_number() over (order by m.oid) - 1) / $1::pg_catalog.int8 as piece
    from pg_catalog.pg_largeobject_metadata m
) numbered
group by numbered.piece
order by numbered.piece
