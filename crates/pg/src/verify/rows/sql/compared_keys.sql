-- For each table the unique index that its rows are matched by: the primary key, else the one of fewest columns.
-- Only whole, valid indexes on columns that are never null will do; that a constraint is deferrable does no harm,
-- since a snapshot shows ends of transactions only.
select distinct on (i.indrelid)
    i.indrelid                                     as oid,
    key.names,
    key.type_names,
    key.equality_schemas,
    key.equality_names,
    i.indexrelid                                   as index
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid and c.relkind in ('r', 'p')
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    select
        pg_catalog.array_agg(a.attname::text order by k.position)                                  as names,
        pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) order by k.position)  as type_names,
        pg_catalog.array_agg(operator_schema.nspname::text order by k.position)                    as equality_schemas,
        pg_catalog.array_agg(o.oprname::text order by k.position)                                  as equality_names,
        pg_catalog.bool_and(a.attnotnull and not exists (   -- from version 18 on it may stand without having been checked
            select from pg_catalog.pg_constraint unproven
            where unproven.conrelid = a.attrelid and unproven.contype = 'n' and unproven.conkey[1] = a.attnum
              and not unproven.convalidated)) as is_not_null,
        pg_catalog.count(*)                                                                        as columns
    from unnest(i.indkey::pg_catalog.int2[], i.indclass::pg_catalog.oid[])
         with ordinality as k (attnum, class, position)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    join pg_catalog.pg_opclass class on class.oid = k.class
    join pg_catalog.pg_amop member
      on member.amopfamily = class.opcfamily
     and member.amoplefttype = class.opcintype
     and member.amoprighttype = class.opcintype
     and member.amopstrategy = 3
    join pg_catalog.pg_operator o on o.oid = member.amopopr
    join pg_catalog.pg_namespace operator_schema on operator_schema.oid = o.oprnamespace
    where k.position <= i.indnkeyatts
) key
where i.indisunique
  and i.indisvalid
  and i.indpred is null
  and i.indexprs is null
  and key.is_not_null
  and key.columns = i.indnkeyatts
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
  and n.nspname not in ('information_schema', 'transhume')
order by i.indrelid, i.indisprimary desc, i.indisreplident desc, key.columns, i.indexrelid
