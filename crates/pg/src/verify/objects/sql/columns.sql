-- Columns of tables and views; what is as the type has it by default says nothing.
select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid as class,
       c.oid as object,
       a.attnum as part,
       'column' as kind,
       n.nspname::text as schema_name,
       c.relname::text as relation_name,
       n.nspname::text as relation_schema,
       pg_catalog.format('%I.%I.%I', n.nspname, c.relname, a.attname) as name,
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
           'not null', case when a.attnotnull then 'yes' end,
           'default', case when a.attgenerated = '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
           'generated', case a.attgenerated
               when 's' then 'stored as ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)
               when 'v' then 'virtual as ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
           -- before version 17 partitions lack what the root has
           'identity', case when c.relispartition then null else case a.attidentity when 'a' then 'always' when 'd' then 'by default' end end,
           'collation', case when a.attcollation <> t.typcollation then (
               select pg_catalog.format('%I.%I', ln.nspname, l.collname)
               from pg_catalog.pg_collation l join pg_catalog.pg_namespace ln on ln.oid = l.collnamespace
               where l.oid = a.attcollation) end,
           'storage', case when a.attstorage <> t.typstorage then case a.attstorage
               when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end end,
           -- from version 14 on
           'compression', case when a.attlen = -1 and c.relkind in ('r', 'p', 'm') then
               case pg_catalog.to_jsonb(a) ->> 'attcompression' when 'p' then 'pglz' when 'l' then 'lz4' end end,
           -- null from version 17 on where it is not set
           'statistics target', case when a.attstattarget >= 0 then a.attstattarget::text end,
           -- without what the server keeps there for itself
           'options', (select pg_catalog.string_agg(o.option, ', ' order by o.option collate "C")
                       from pg_catalog.unnest(a.attoptions) o(option)
                       where o.option !~ '^pg_')
       ))::text as traits
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped
  and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and c.relpersistence <> 't'
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend e
      where e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.objid = c.oid and e.objsubid = 0
        and e.deptype = 'e')
