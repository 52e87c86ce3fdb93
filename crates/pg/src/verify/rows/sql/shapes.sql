-- What a table's rows look like besides what the stream tells, in two halves. The file, which a rewrite replaces, with the
-- columns, the values that rows from before them show and the expressions that others are computed from. And, behind the
-- colon, what neither TRUNCATE nor VACUUM FULL changes: the versions of the columns (xmin is another one after each ALTER,
-- whatever it was), and the membership in the publication ($1) with what that publishes.
with held as (
    -- Of a partitioned table the files and the members are its partitions.
    with recursive below as (
        select c.oid as root, c.oid
        from pg_catalog.pg_class c
        where c.relkind in ('r', 'p') and c.relpersistence <> 't'
        union all
        select below.root, i.inhrelid
        from below
        join pg_catalog.pg_class c on c.oid = below.oid and c.relkind = 'p'
        join pg_catalog.pg_inherits i on i.inhparent = below.oid
    )
    select below.root,
           pg_catalog.string_agg(pg_catalog.concat_ws(' ', member.oid, p.xmin), ',' order by member.oid) as members
    from below
    join pg_catalog.pg_publication_rel member on member.prrelid = below.oid
    join pg_catalog.pg_publication p on p.oid = member.prpubid and p.pubname = $1
    group by below.root
)
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
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)))
       || ':'
       || pg_catalog.md5(pg_catalog.concat_ws('|', c.oid, held.members, attributes.versions)) as shape
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join held on held.root = c.oid
left join (
    select a.attrelid,
           pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attnum, a.attname, a.xmin), ',' order by a.attnum) as versions
    from pg_catalog.pg_attribute a
    where a.attnum > 0 and not a.attisdropped
    group by a.attrelid
) attributes on attributes.attrelid = c.oid
where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
