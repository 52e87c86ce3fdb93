-- Columns of tables that take NULL although the table that they inherit from does not: pg_dump cannot say so.
select n.nspname::text as schema_name, c.relname::text as table_name, a.attname::text as column_name
from pg_catalog.pg_inherits i
join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relkind in ('r', 'p')
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = i.inhrelid and a.attnum > 0 and not a.attisdropped and not a.attnotnull
join pg_catalog.pg_attribute inherited
  on inherited.attrelid = i.inhparent and inherited.attname = a.attname and inherited.attnotnull
where a.attinhcount > 0
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  -- from version 18 on a constraint may say that it is not inherited, and pg_dump does
  and not exists (
      select from pg_catalog.pg_constraint own
      where own.conrelid = i.inhparent and own.contype = 'n' and own.connoinherit and own.conkey[1] = inherited.attnum)
order by 1, 2, a.attnum
