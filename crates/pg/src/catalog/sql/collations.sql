-- Collations that a column of a user table sorts by, and all that users made.
-- `actual_version` is what the library of the server offers now.
with used as (
    select distinct a.attcollation as oid
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where a.attnum > 0 and not a.attisdropped and a.attcollation <> 0
      and c.relkind in ('r', 'p', 'm', 'f')
      and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname <> 'information_schema'
)
select
    n.nspname::text                                                  as schema_name,
    l.collname::text                                                 as collation_name,
    case l.collprovider when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin' else 'default' end as provider,
    n.nspname <> 'pg_catalog'                                        as user_defined,
    exists (select from used where used.oid = l.oid)                 as used,
    l.collversion                                                    as version,
    case when l.collversion is not null then pg_catalog.pg_collation_actual_version(l.oid) end as actual_version
from pg_catalog.pg_collation l
join pg_catalog.pg_namespace n on n.oid = l.collnamespace
where l.collprovider <> 'd'
  and l.collencoding in (-1, (select encoding from pg_catalog.pg_database where datname = pg_catalog.current_database()))
  and (n.nspname <> 'pg_catalog' or exists (select from used where used.oid = l.oid))
order by n.nspname, l.collname
