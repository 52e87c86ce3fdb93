-- Tables that may hold a row which takes more than so many bytes ($1) as text: what they keep out of line is large enough to
-- hold it, compressed as well as can be (1 : 255). With their columns of bytes, which print twice as long, and of text; those
-- whose rows are looked through fastest come first.
select n.nspname::text as schema_name,
       c.relname::text as table_name,
       coalesce(pg_catalog.array_agg(a.attname::text order by a.attnum) filter (where base.oid = 17), '{}') as byte_columns,
       coalesce(pg_catalog.array_agg(a.attname::text order by a.attnum) filter (where base.oid <> 17), '{}') as text_columns
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid
join pg_catalog.pg_type base on base.oid = case t.typtype when 'd' then t.typbasetype else t.oid end and base.oid in (17, 25, 1043)
where c.relkind = 'r' and c.relpersistence <> 't' and c.reltoastrelid <> 0
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  and pg_catalog.pg_relation_size(c.reltoastrelid) > $1::bigint / 2 / 255
group by n.nspname, c.oid, c.relname
order by pg_catalog.pg_relation_size(c.oid), n.nspname, c.relname
