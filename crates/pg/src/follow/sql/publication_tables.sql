-- One row with nulls when the publication has no tables, none when it does not exist.
select n.nspname::text as schema_name, c.relname::text as table_name
from pg_catalog.pg_publication p
left join pg_catalog.pg_publication_rel r on r.prpubid = p.oid
left join pg_catalog.pg_class c on c.oid = r.prrelid
left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where p.pubname = $1
