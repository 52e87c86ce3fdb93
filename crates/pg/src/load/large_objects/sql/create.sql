-- Makes large objects with these OIDs ($1) and contents ($2, side by side).
select pg_catalog.count(pg_catalog.lo_from_bytea(made.oid, made.data))
from rows from (
    pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.bytea[])
) as made(oid, data)
