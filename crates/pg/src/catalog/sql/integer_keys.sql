-- Integer columns that lead the primary keys of these tables, with the statistics of their values where there are any.
-- `keeps_ranges_apart`: each range of it may be read under a snapshot of its own, since every row has a value, the stream tells
-- it of every old row, and no two rows that a unique index or a constraint compares lie in different ranges (decision 0018).
select
    i.indrelid          as oid,
    a.attname::text     as column_name,
    coalesce(s.histogram_bounds::text::bigint[], '{}') as bounds,
    s.correlation,
    s.n_distinct        as distinct_values,
    i.indnkeyatts = 1   as is_whole_key,
    a.attnotnull
    and case c.relreplident
            when 'd' then i.indimmediate
            when 'f' then true
            when 'i' then exists (
                select from pg_catalog.pg_index identity
                where identity.indrelid = i.indrelid and identity.indisreplident
                  and a.attnum = any (identity.indkey[0:identity.indnkeyatts - 1]))
            else false
        end
    and not exists (
        select from pg_catalog.pg_index other
        where other.indrelid = i.indrelid
          and (other.indisexclusion
               or other.indisunique and not a.attnum = any (other.indkey[0:other.indnkeyatts - 1])))
                        as keeps_ranges_apart
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
left join pg_catalog.pg_stats s
    on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname and not s.inherited
where i.indisprimary and i.indisvalid and a.attgenerated = ''
  and a.atttypid in ('pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype,
                     'pg_catalog.int8'::pg_catalog.regtype)
  and i.indrelid = any ($1::oid[])
