-- Primary keys of one integer column, with the histogram of their values where there is one.
select
    i.indrelid          as oid,
    a.attname::text     as column_name,
    coalesce((
        select s.histogram_bounds::text::bigint[]
        from pg_catalog.pg_stats s
        where s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname and not s.inherited
    ), '{}')            as bounds
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
where i.indisprimary and i.indisvalid and i.indnkeyatts = 1
  and a.atttypid in ('pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype,
                     'pg_catalog.int8'::pg_catalog.regtype)
  and i.indrelid = any ($1::oid[])
