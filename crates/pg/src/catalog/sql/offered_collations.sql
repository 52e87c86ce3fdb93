-- Every collation that this database can use, built in or made by users.
select distinct
    n.nspname::text                                                  as schema_name,
    l.collname::text                                                 as collation_name,
    case l.collprovider when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin' else 'default' end as provider,
    n.nspname <> 'pg_catalog'                                        as user_defined,
    false                                                            as used,
    l.collversion                                                    as version,
    null::text                                                       as actual_version
from pg_catalog.pg_collation l
join pg_catalog.pg_namespace n on n.oid = l.collnamespace
where l.collencoding in (-1, (select encoding from pg_catalog.pg_database where datname = pg_catalog.current_database()))
order by 1, 2
