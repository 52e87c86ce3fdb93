-- Tables ($1) as they are at this moment, those below them too, as core::guard::schema::DescribedTable; $2 is the publication to
-- look in. Expects search_path = ''. The body of a function on the source, and a query on the target.
with recursive named (oid) as (
    select pg_catalog.unnest($1::pg_catalog.oid[])
    union
    select i.inhrelid from named join pg_catalog.pg_inherits i on i.inhparent = named.oid
)
select pg_catalog.jsonb_build_object(
    'oid', c.oid::bigint,
    'name', pg_catalog.jsonb_build_object('schema', n.nspname, 'name', c.relname),
    'is_logged', c.relpersistence = 'p',
    'publication', (
        select pg_catalog.jsonb_build_object(
            'row', member.oid::bigint,
            'publication_version', p.xmin::text::bigint,
            'is_whole', p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate
                        and coalesce(pg_catalog.to_jsonb(member) ->> 'prqual', '') = ''
                        and coalesce(pg_catalog.to_jsonb(member) ->> 'prattrs', '') = '')
        from pg_catalog.pg_publication_rel member
        join pg_catalog.pg_publication p on p.oid = member.prpubid
        where member.prrelid = c.oid and p.pubname = $2),
    'filenode', c.relfilenode::bigint,
    'partition_of', (
        select pg_catalog.jsonb_build_object('schema', pn.nspname, 'name', parent.relname)
        from pg_catalog.pg_inherits i
        join pg_catalog.pg_class parent on parent.oid = i.inhparent
        join pg_catalog.pg_namespace pn on pn.oid = parent.relnamespace
        where i.inhrelid = c.oid and c.relispartition),
    'bound', case when c.relispartition then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end,
    'root', (
        with recursive above (oid, depth) as (
            select i.inhparent, 1
            from pg_catalog.pg_inherits i
            where i.inhrelid = c.oid and c.relispartition
            union all
            select i.inhparent, above.depth + 1
            from above join pg_catalog.pg_inherits i on i.inhrelid = above.oid
        )
        select pg_catalog.jsonb_build_object('schema', rn.nspname, 'name', root.relname)
        from above
        join pg_catalog.pg_class root on root.oid = above.oid
        join pg_catalog.pg_namespace rn on rn.oid = root.relnamespace
        order by above.depth desc
        limit 1),
    'partitions', '[]'::pg_catalog.jsonb,
    'attributes', c.relnatts,
    'columns', coalesce((
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'number', a.attnum,
            'name', a.attname,
            'type_oid', a.atttypid::bigint,
            'type_modifier', a.atttypmod,
            'type_name', pg_catalog.format_type(a.atttypid, a.atttypmod),
            'not_null', a.attnotnull,
            'has_default', a.atthasdef or a.attidentity <> '',
            'has_remembered_value', a.atthasmissing,
            'version', a.xmin::text::bigint) order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''), '[]'),
    'generated', coalesce((
        select pg_catalog.jsonb_agg(a.attname order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> ''), '[]'),
    -- How ALTER TABLE ... ADD COLUMN gets it so that rows which are there already have the value that they have here, and
    -- what its default is; see column_definition.sql.
    'details', coalesce((
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'number', a.attnum,
            'definition', pg_catalog.quote_ident(a.attname)
                || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
                || coalesce(' collate ' || pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(sorting.collname), '')
                || coalesce(' default ' || coalesce(missing.literal, now.expression), '')
                || case when a.attnotnull and coalesce(missing.literal, now.expression) is not null then ' not null' else '' end,
            'added_default', coalesce(missing.literal, now.expression),
            'default', now.expression,
            'is_not_null_later', a.attnotnull and coalesce(missing.literal, now.expression) is null,
            'is_by_value', a.attidentity = '' and (missing.literal is not null or now.expression is null)) order by a.attnum)
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_type t on t.oid = a.atttypid
        left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        left join pg_catalog.pg_collation sorting on sorting.oid = a.attcollation and a.attcollation <> t.typcollation
        left join pg_catalog.pg_namespace cn on cn.oid = sorting.collnamespace
        cross join lateral (
            select case when a.atthasmissing
                        then pg_catalog.quote_literal((a.attmissingval::text::text[])[1])
                             || '::' || pg_catalog.format_type(a.atttypid, a.atttypmod) end as literal) missing
        cross join lateral (
            select case when a.attgenerated = '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end as expression) now
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''), '[]')) as described
from named
join pg_catalog.pg_class c on c.oid = named.oid and c.relkind in ('r', 'p') and c.relpersistence <> 't'
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
