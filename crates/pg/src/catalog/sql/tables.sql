-- Every user table, materialized view, foreign table and view of this database, one row each with
-- its columns as arrays. Members of extensions are left out (see extension_tables.sql).
-- Expects search_path = '' so that format_type qualifies what is not built in.
select
    c.oid,
    n.nspname::text                                        as schema_name,
    c.relname::text                                        as table_name,
    c.relkind::text                                        as kind,
    c.relpersistence::text                                 as persistence,
    c.relispartition                                       as is_partition,
    c.relreplident::text                                   as replica_identity,
    coalesce(attributes.names, '{}')                       as column_names,
    coalesce(attributes.type_oids, '{}')                   as column_type_oids,
    coalesce(attributes.type_names, '{}')                  as column_type_names,
    coalesce(attributes.type_modifiers, '{}')              as column_type_modifiers,
    coalesce(attributes.not_nulls, '{}')                   as column_not_nulls,
    coalesce(attributes.generations, '{}')                 as column_generations,
    coalesce(identity.names, '{}')                         as identity_index_columns,
    identity.index_name                                    as identity_index,
    coalesce(identity.deferrable_key, false)               as deferrable_key,
    c.relrowsecurity                                       as row_security,
    c.relforcerowsecurity                                  as row_security_forced,
    pg_catalog.pg_get_userbyid(c.relowner)::text           as owner,
    -- as from version 14 on, where nobody has counted; before, that is told as no rows in no pages
    case when c.reltuples = 0 and c.relpages = 0 and size.heap > 0 then -1
         else c.reltuples::bigint end                      as rows_estimate,
    size.heap / pg_catalog.current_setting('block_size')::bigint as pages,
    size.heap + size.toast                                 as bytes
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join lateral (
    select
        pg_catalog.array_agg(a.attname::text order by a.attnum)                                    as names,
        pg_catalog.array_agg(a.atttypid order by a.attnum)                                         as type_oids,
        pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) order by a.attnum)    as type_names,
        pg_catalog.array_agg(a.atttypmod order by a.attnum)                                        as type_modifiers,
        pg_catalog.array_agg(a.attnotnull and not exists (   -- from version 18 on it may stand without having been checked
            select from pg_catalog.pg_constraint unproven
            where unproven.conrelid = a.attrelid and unproven.contype = 'n' and unproven.conkey[1] = a.attnum
              and not unproven.convalidated) order by a.attnum) as not_nulls,
        pg_catalog.array_agg(case
            when a.attgenerated <> '' then 'computed'
            when a.attidentity = 'a' then 'always'
            when a.attidentity = 'd' then 'by default'
            else 'plain' end order by a.attnum)                                                    as generations
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
) attributes on true
-- The index that the replica identity stands on, and whether a deferrable primary key stands in its way.
left join lateral (
    select
        pg_catalog.array_agg(a.attname::text order by key.position)
            filter (where i.indimmediate
                      and case c.relreplident when 'd' then i.indisprimary
                                              when 'i' then i.indisreplident
                                              else false end)                                      as names,
        pg_catalog.max(index.relname::text)
            filter (where c.relreplident = 'i' and i.indisreplident)                               as index_name,
        pg_catalog.bool_or(i.indisprimary and not i.indimmediate)                                  as deferrable_key
    from pg_catalog.pg_index i
    join pg_catalog.pg_class index on index.oid = i.indexrelid
    cross join lateral pg_catalog.unnest(i.indkey::smallint[]) with ordinality as key (attnum, position)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = key.attnum
    where i.indrelid = c.oid
      and (i.indisprimary or i.indisreplident)
      and i.indisvalid
      and key.position <= i.indnkeyatts
) identity on true
-- Two files at most are looked at, where pg_table_size would look at a dozen for every table: with ten thousand tables
-- that was most of the time of this query. The maps and the index of the TOAST table count for nothing anyway.
cross join lateral (
    select
        case when c.relkind in ('r', 'm')
            then coalesce(pg_catalog.pg_relation_size(c.oid), 0) else 0 end                        as heap,
        case when c.relkind in ('r', 'm') and c.reltoastrelid <> 0
            then coalesce(pg_catalog.pg_relation_size(c.reltoastrelid), 0) else 0 end              as toast
    offset 0
) size
where c.relkind in ('r', 'p', 'm', 'f', 'v')
  and c.relpersistence <> 't'
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
  and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e')
order by n.nspname, c.relname
