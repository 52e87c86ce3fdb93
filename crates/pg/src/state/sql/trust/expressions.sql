-- Every expression that the server evaluates where the schema transhume is written or read: defaults, generated columns,
-- checks, and indexes' columns and conditions.
select 'the default of ' || c.relname || '.' || t.attname as what, pg_catalog.pg_get_expr(a.adbin, a.adrelid) as expression
from pg_catalog.pg_attrdef a
join pg_catalog.pg_class c on c.oid = a.adrelid
join pg_catalog.pg_attribute t on t.attrelid = a.adrelid and t.attnum = a.adnum
where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'transhume')
union all
select 'the constraint ' || k.conname || ' of ' || c.relname, pg_catalog.pg_get_expr(k.conbin, k.conrelid)
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'transhume')
  and k.conbin is not null
union all
select 'the index ' || c.relname,
       pg_catalog.concat_ws(' and ', pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid))
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'transhume')
  and (i.indexprs is not null or i.indpred is not null)
order by 1
