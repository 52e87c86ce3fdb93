-- What the indexes of these tables ($1) take.
select coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(i.indexrelid)), 0)::bigint
from pg_catalog.pg_index i
where i.indrelid = any ($1::oid[])
