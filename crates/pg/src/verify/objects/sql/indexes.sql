-- Indexes; the definition of one behind a constraint is the constraint's.
select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid as class,
       ic.oid as object,
       0::pg_catalog.int2 as part,
       case when k.oid is null then 'index' else 'index of a constraint' end as kind,
       n.nspname::text as schema_name,
       c.relname::text as relation_name,
       n.nspname::text as relation_schema,
       pg_catalog.format('%I.%I', n.nspname, ic.relname) as name,
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'definition', case when k.oid is null then pg_catalog.pg_get_indexdef(i.indexrelid) end,
           -- without what the server keeps there for itself
           'options', case when k.oid is not null then (
               select pg_catalog.string_agg(o.option, ', ' order by o.option collate "C")
               from pg_catalog.unnest(ic.reloptions) o(option) where o.option !~ '^pg_') end,
           'valid', case when not i.indisvalid or not i.indisready then 'no' end,
           'clustered', case when i.indisclustered then 'yes' end,
           'attached to', (select h.inhparent::pg_catalog.regclass::text
                           from pg_catalog.pg_inherits h where h.inhrelid = i.indexrelid)
       ))::text as traits
from pg_catalog.pg_index i
join pg_catalog.pg_class ic on ic.oid = i.indexrelid
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_constraint k
       on k.conrelid = i.indrelid and k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
where c.relkind in ('r', 'p', 'm')
  and c.relpersistence <> 't'
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend e
      where e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.objid = c.oid and e.objsubid = 0
        and e.deptype = 'e')
