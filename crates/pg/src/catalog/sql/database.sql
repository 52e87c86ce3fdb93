-- Encoding and collation of this database. Columns that came later (15: datlocprovider,
-- daticulocale, datcollversion; 17: datlocale) are read through JSON, so one text serves every version.
select
    pg_catalog.pg_encoding_to_char(d.encoding)::text                          as encoding,
    d.datcollate::text                                                       as collate,
    d.datctype::text                                                         as ctype,
    case row_as_json ->> 'datlocprovider' when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end as provider,
    coalesce(row_as_json ->> 'datlocale', row_as_json ->> 'daticulocale')     as locale,
    row_as_json ->> 'datcollversion'                                          as collation_version
from pg_catalog.pg_database d
cross join lateral pg_catalog.to_jsonb(d) as row_as_json
where d.datname = pg_catalog.current_database()
