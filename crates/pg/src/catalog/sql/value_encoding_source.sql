-- The encoding of the source's database, and whether what the stream names is ASCII. Names are looked at only where they are in
-- an encoding that is not UTF-8; of bytes in no encoding (SQL_ASCII) those that are not ASCII are told as such.
with own (encoding) as (
    select pg_catalog.getdatabaseencoding()::text
),
named (name) as (
    select nspname::text from pg_catalog.pg_namespace
    union all
    select relname::text from pg_catalog.pg_class where relkind in ('r', 'p')
    union all
    select attname::text from pg_catalog.pg_attribute where attnum > 0 and attrelid >= 16384
    union all
    select typname::text from pg_catalog.pg_type where oid >= 16384
    union all
    select enumlabel::text from pg_catalog.pg_enum
)
select own.encoding,
       case
           when own.encoding = 'UTF8' then false
           else not exists (
               select from named where named.name collate pg_catalog."C" ~ '[^\x01-\x7f]'
           )
       end as names_are_ascii
from own
