-- What a table's rows look like besides what the stream tells: its file, which a rewrite replaces, and its columns
-- with the values that rows from before them show and the expressions that others are computed from.
select n.nspname::text as schema_name,
       c.relname::text as table_name,
       pg_catalog.md5(pg_catalog.concat_ws(
           '|', c.oid, c.relfilenode,
           -- Of a partitioned table the files are those of its partitions.
           (with recursive below as (
                select i.inhrelid from pg_catalog.pg_inherits i where i.inhparent = c.oid and c.relkind = 'p'
                union
                select i.inhrelid from below join pg_catalog.pg_inherits i on i.inhparent = below.inhrelid)
            select pg_catalog.string_agg(held.relfilenode::pg_catalog.text, ',' order by held.oid)
            from below join pg_catalog.pg_class held on held.oid = below.inhrelid),
           (select pg_catalog.string_agg(
                pg_catalog.concat_ws(
                    ' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attgenerated,
                    pg_catalog.md5(a.attmissingval::pg_catalog.text),
                    case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end),
                ',' order by a.attnum)
            from pg_catalog.pg_attribute a
            left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped))) as shape
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'transhume')
