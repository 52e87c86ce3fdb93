-- As was_rewritten.sql, on either side.
select c.relfilenode is distinct from pg_catalog.pg_relation_filenode(c.oid)
from pg_catalog.pg_class c
where c.oid = pg_catalog.to_regclass($1)
