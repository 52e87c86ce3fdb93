-- Whether the table has another file now than in the snapshot of this transaction: a TRUNCATE, or an
-- ALTER TABLE that rewrites, leaves older snapshots an empty table (manual, "Caveats" of concurrency
-- control). pg_class is read under the snapshot, pg_relation_filenode() looks at what is true now.
select c.relfilenode is distinct from pg_catalog.pg_relation_filenode(c.oid)
from pg_catalog.pg_class c
where c.oid = $1::pg_catalog.oid
