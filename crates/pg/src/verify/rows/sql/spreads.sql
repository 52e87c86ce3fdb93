-- Indexes of these tables ($1, OIDs) that find a range of their first columns: btrees that are whole, valid, and sort
-- plain columns as those columns sort. How the first column's values are spread is as of the last ANALYZE.
select
    i.indrelid                                                                  as oid,
    i.indexrelid                                                                as index,
    key.names,
    key.types,
    i.indisunique and key.is_not_null and key.columns = i.indnkeyatts           as is_unique,
    case when s.n_distinct is not null
        then greatest(coalesce(s.most_common_freqs[1], 0),
                      s.null_frac,
                      case when s.n_distinct > 0 then 1 / s.n_distinct
                           else 1 / greatest(-s.n_distinct * greatest(c.reltuples, 1), 1) end)::pg_catalog.float8
    end                                                                         as first_share,
    coalesce(case when key.types[1] in (20, 21, 23, 1082, 1114, 1184, 1700, 2950)   -- those that are numbers
        then s.histogram_bounds::pg_catalog.text::pg_catalog.text[] end, '{}')  as histogram
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class index on index.oid = i.indexrelid
join pg_catalog.pg_am am on am.oid = index.relam and am.amname = 'btree'
cross join lateral (
    select
        pg_catalog.array_agg(a.attname::pg_catalog.text order by k.position)    as names,
        pg_catalog.array_agg(a.atttypid order by k.position)                    as types,
        pg_catalog.bool_and(a.attnotnull and not exists (   -- from version 18 on it may stand without having been checked
            select from pg_catalog.pg_constraint unproven
            where unproven.conrelid = a.attrelid and unproven.contype = 'n' and unproven.conkey[1] = a.attnum
              and not unproven.convalidated)) as is_not_null,
        pg_catalog.count(*)                                                     as columns
    from unnest(i.indkey::pg_catalog.int2[], i.indclass::pg_catalog.oid[], i.indcollation::pg_catalog.oid[])
         with ordinality as k (attnum, class, sorted_by, position)
    join pg_catalog.pg_attribute a
      on a.attrelid = i.indrelid and a.attnum = k.attnum and a.attcollation = k.sorted_by
    join pg_catalog.pg_opclass class on class.oid = k.class and class.opcdefault
    where k.position <= i.indnkeyatts
) key
left join pg_catalog.pg_stats s
  on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = key.names[1] and not s.inherited
where i.indrelid = any ($1)
  and i.indisvalid
  and i.indpred is null
  and i.indexprs is null
  and key.columns = i.indnkeyatts
order by i.indrelid, i.indexrelid
