-- Removes those of the large objects $1 that exist and that this migration made.
select pg_catalog.count(pg_catalog.lo_unlink(m.oid))
from pg_catalog.pg_largeobject_metadata m
where m.oid = any ($1::pg_catalog.oid[])
  and m.oid in (select pg_catalog.unnest(p.oids) from transhume.large_object_part p)
