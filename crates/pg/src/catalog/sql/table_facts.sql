-- What there is to know of every user table, and of partitioned ones; $1 is the publication to look in. `columns` is a
-- JSON array of core::guard::schema::ColumnFacts. Members of extensions are left out, as in tables.sql. Expects
-- search_path = '' so that format_type qualifies what is not built in. Row filters and lists of columns exist from 15 on.
select
    c.oid,
    n.nspname::text                                        as schema_name,
    c.relname::text                                        as table_name,
    c.relkind = 'p'                                        as is_partitioned,
    c.relpersistence = 'p'                                 as is_logged,
    c.relfilenode                                          as filenode,
    parent_schema.nspname::text                            as parent_schema,
    parent.relname::text                                   as parent_name,
    case when c.relispartition then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end as bound,
    root_schema.nspname::text                              as root_schema,
    root.relname::text                                     as root_name,
    member.oid                                             as member_row,
    member.publication_version,
    member.is_whole                                        as is_published_whole,
    c.relnatts                                             as attributes,
    coalesce(attributes.columns, '[]')                     as columns
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_inherits i on i.inhrelid = c.oid and c.relispartition
left join pg_catalog.pg_class parent on parent.oid = i.inhparent
left join pg_catalog.pg_namespace parent_schema on parent_schema.oid = parent.relnamespace
left join (
    with recursive above as (
        select i.inhrelid as partition, i.inhparent as ancestor
        from pg_catalog.pg_inherits i
        join pg_catalog.pg_class p on p.oid = i.inhparent and p.relkind = 'p'
        union all
        select above.partition, i.inhparent
        from above
        join pg_catalog.pg_inherits i on i.inhrelid = above.ancestor
    )
    select above.partition, above.ancestor
    from above
    where not exists (select from pg_catalog.pg_inherits i where i.inhrelid = above.ancestor)
) topmost on topmost.partition = c.oid
left join pg_catalog.pg_class root on root.oid = topmost.ancestor
left join pg_catalog.pg_namespace root_schema on root_schema.oid = root.relnamespace
left join (
    select member.oid, member.prrelid, p.xmin::text::bigint as publication_version,
           p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate
           and coalesce(pg_catalog.to_jsonb(member) ->> 'prqual', '') = ''
           and coalesce(pg_catalog.to_jsonb(member) ->> 'prattrs', '') = '' as is_whole
    from pg_catalog.pg_publication_rel member
    join pg_catalog.pg_publication p on p.oid = member.prpubid
    where p.pubname = $1
) member on member.prrelid = c.oid
left join (
    select
        a.attrelid,
        pg_catalog.jsonb_agg(
            pg_catalog.jsonb_build_object(
                'number', a.attnum,
                'name', a.attname,
                'type_oid', a.atttypid::bigint,
                'type_modifier', a.atttypmod,
                'type_name', pg_catalog.format_type(a.atttypid, a.atttypmod),
                'not_null', a.attnotnull,
                'has_default', a.atthasdef or a.attidentity <> '',
                'has_remembered_value', a.atthasmissing,
                'version', a.xmin::text::bigint)
            order by a.attnum)                             as columns
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p') and c.relpersistence <> 't'
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
    where a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    group by a.attrelid
) attributes on attributes.attrelid = c.oid
where c.relkind in ('r', 'p')
  and c.relpersistence <> 't'
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
  and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e')
order by n.nspname, c.relname
