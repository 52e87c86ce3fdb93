-- What the indexes of these tables ($1) take, and the largest of them.
select coalesce(pg_catalog.sum(s.bytes), 0)::bigint as bytes,
       coalesce(pg_catalog.max(s.bytes), 0)::bigint as largest
from (
    select pg_catalog.pg_relation_size(i.indexrelid) as bytes
    from pg_catalog.pg_index i
    where i.indrelid = any ($1::oid[])
    offset 0
) s
