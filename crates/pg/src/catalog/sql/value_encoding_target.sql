-- The encoding of the target's database, and whether it converts text that is encoded as $1.
select pg_catalog.getdatabaseencoding()::text as encoding,
       exists (
           select
           from pg_catalog.pg_conversion c
           where c.condefault
             and c.conforencoding = pg_catalog.pg_char_to_encoding($1::text)
             and c.contoencoding = pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding())
       ) as converts
