-- Foreign keys marked as valid whose triggers do not fire for the application, so that rows without a parent may be there,
-- each with the query that shows such rows. Those that partitions get from their parent speak through it.
select n.nspname::text as schema_name,
       c.relname::text as table_name,
       k.conname::text as constraint_name,
       pg_catalog.format(
           'select * from %I.%I child where %s and not exists (select from %I.%I parent where %s);',
           n.nspname, c.relname, columns.given, pn.nspname, p.relname, columns.same) as orphans
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class p on p.oid = k.confrelid
join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
cross join lateral (
    select pg_catalog.string_agg(pg_catalog.format('child.%I is not null', own.attname), ' and ' order by at) as given,
           pg_catalog.string_agg(pg_catalog.format('parent.%I = child.%I', named.attname, own.attname), ' and ' order by at) as same
    from pg_catalog.generate_subscripts(k.conkey, 1) at
    join pg_catalog.pg_attribute own on own.attrelid = k.conrelid and own.attnum = k.conkey[at]
    join pg_catalog.pg_attribute named on named.attrelid = k.confrelid and named.attnum = k.confkey[at]
) columns
where k.contype = 'f' and k.convalidated and k.conparentid = 0
  and exists (
      select from pg_catalog.pg_constraint same
      join pg_catalog.pg_trigger t on t.tgconstraint = same.oid and t.tgenabled in ('D', 'R')
      where same.oid = k.oid or same.conparentid = k.oid)
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
order by 1, 2, 3
