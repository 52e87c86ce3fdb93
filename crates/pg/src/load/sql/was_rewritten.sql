-- Which of these tables have another file now than in the snapshot of this transaction: a TRUNCATE, or an
-- ALTER TABLE that rewrites, leaves older snapshots an empty table (manual, "Caveats" of concurrency
-- control). pg_class is read under the snapshot, pg_relation_filenode() looks at what is true now.
select wanted.oid
from pg_catalog.unnest($1::pg_catalog.oid[]) as wanted (oid)
left join pg_catalog.pg_class c on c.oid = wanted.oid
where c.oid is null
   or c.relfilenode is distinct from pg_catalog.pg_relation_filenode(c.oid)
