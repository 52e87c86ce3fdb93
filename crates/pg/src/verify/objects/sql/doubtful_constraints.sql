-- Constraints that may not hold, each with the query that counts up to 1001 rows against it: foreign keys that are not
-- validated (all of them where $1), and deferrable unique and exclusion constraints, which are not checked while
-- changes are applied as a replica. No query where it cannot be written down.
-- Expects quote_all_identifiers: what is printed here is run.
with checked as (
    select k.*,
           n.nspname, c.relname,
           case when c.relkind = 'p' then '' else 'only ' end
               || pg_catalog.format('%I.%I', n.nspname, c.relname) as own_table,
           coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::pg_catalog.bool, false) as is_temporal
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
      and c.relpersistence <> 't'
      and k.conparentid = 0
      and coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true)
      and (k.contype = 'f' and ($1::pg_catalog.bool or not k.convalidated)
           or k.contype in ('p', 'u', 'x') and k.condeferrable)
),
described as (
    select checked.*, columns.*, i.indpred is not null as is_partial,
           coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::pg_catalog.bool, false) as nulls_are_equal,
           r.referenced
    from checked
    left join pg_catalog.pg_index i on checked.contype in ('p', 'u', 'x') and i.indexrelid = checked.conindid
    left join lateral (
        select case when rc.relkind = 'p' then '' else 'only ' end
                   || pg_catalog.format('%I.%I', rn.nspname, rc.relname) as referenced
        from pg_catalog.pg_class rc join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
        where rc.oid = checked.confrelid
    ) r on true
    cross join lateral (
        select pg_catalog.string_agg(pg_catalog.format('t.%I', a.attname), ', ' order by key.position)
                   filter (where a.attname is not null) as list,
               pg_catalog.string_agg(pg_catalog.format('t.%I is not null', a.attname), ' and '
                   order by key.position) filter (where a.attname is not null) as all_present,
               pg_catalog.string_agg(
                   pg_catalog.format('r.%I operator(%I.%s) t.%I', ra.attname, opn.nspname, op.oprname, a.attname),
                   ' and ' order by key.position) filter (where op.oid is not null) as referring,
               pg_catalog.string_agg(
                   pg_catalog.format('t.%I operator(%I.%s) r.%I', a.attname, xn.nspname, x.oprname, a.attname),
                   ' and ' order by key.position) filter (where x.oid is not null) as excluding,
               pg_catalog.bool_and(a.attname is not null) as all_named,
               pg_catalog.count(*) as size
        from pg_catalog.unnest(checked.conkey) with ordinality key(attnum, position)
        left join pg_catalog.pg_attribute a on a.attrelid = checked.conrelid and a.attnum = key.attnum
        left join pg_catalog.pg_attribute ra
               on ra.attrelid = checked.confrelid and ra.attnum = checked.confkey[key.position]
        left join pg_catalog.pg_operator op on op.oid = checked.conpfeqop[key.position]
        left join pg_catalog.pg_namespace opn on opn.oid = op.oprnamespace
        left join pg_catalog.pg_operator x on x.oid = checked.conexclop[key.position]
        left join pg_catalog.pg_namespace xn on xn.oid = x.oprnamespace
    ) columns
)
select nspname::text as schema_name,
       relname::text as table_name,
       conname::text as constraint_name,
       contype = 'f' as is_foreign_key,
       case
           when is_temporal then null
           when contype = 'f' then pg_catalog.format(
               'select pg_catalog.count(*) from (select from %s t where %s and not exists (select from %s r where %s)%s '
               'limit 1001) found',
               own_table, all_present, referenced, referring,
               case when confmatchtype = 'f' and size > 1
                    then pg_catalog.format(' or pg_catalog.num_nulls(%s) not in (0, %s)', list, size) else '' end)
           when contype in ('p', 'u') then pg_catalog.format(
               'select pg_catalog.count(*) from (select from %s t where %s group by %s having pg_catalog.count(*) > 1 '
               'limit 1001) found',
               own_table, case when nulls_are_equal then 'true' else all_present end, list)
           when all_named and not is_partial then pg_catalog.format(
               'select pg_catalog.count(*) from (select from %s t join %s r on t.ctid < r.ctid and %s limit 1001) found',
               own_table, own_table, excluding)
       end as query
from described
order by nspname collate "C", relname collate "C", conname collate "C"
