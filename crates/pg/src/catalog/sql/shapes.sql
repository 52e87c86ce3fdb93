-- Every user table, and partitioned ones, as far as a change of the schema shows; $1 is the publication to look in.
-- Members of extensions are left out, as in tables.sql. Expects search_path = '' so that format_type qualifies what is
-- not built in.
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
    exists (
        select from pg_catalog.pg_publication_rel member
        join pg_catalog.pg_publication p on p.oid = member.prpubid
        where p.pubname = $1 and member.prrelid = c.oid)   as is_published,
    coalesce(attributes.numbers, '{}')                     as column_numbers,
    coalesce(attributes.names, '{}')                       as column_names,
    coalesce(attributes.type_names, '{}')                  as column_type_names,
    coalesce(attributes.not_nulls, '{}')                   as column_not_nulls,
    coalesce(attributes.defaults, '{}')                    as column_defaults,
    coalesce(attributes.remembered, '{}')                  as column_remembered
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_inherits i on i.inhrelid = c.oid and c.relispartition
left join pg_catalog.pg_class parent on parent.oid = i.inhparent
left join pg_catalog.pg_namespace parent_schema on parent_schema.oid = parent.relnamespace
left join lateral (
    select
        pg_catalog.array_agg(a.attnum order by a.attnum)                                           as numbers,
        pg_catalog.array_agg(a.attname::text order by a.attnum)                                    as names,
        pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) order by a.attnum)    as type_names,
        pg_catalog.array_agg(a.attnotnull order by a.attnum)                                       as not_nulls,
        pg_catalog.array_agg(a.atthasdef or a.attidentity <> '' order by a.attnum)                 as defaults,
        pg_catalog.array_agg(a.atthasmissing order by a.attnum)                                    as remembered
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
) attributes on true
where c.relkind in ('r', 'p')
  and c.relpersistence <> 't'
  and n.nspname !~ '^pg_'
  and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e')
order by n.nspname, c.relname
