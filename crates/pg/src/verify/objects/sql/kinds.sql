-- Schemas and types. Types of tables, arrays and multiranges come with what they belong to.
select 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid as class,
       n.oid as object,
       0::pg_catalog.int2 as part,
       'schema' as kind,
       n.nspname::text as schema_name,
       null::text as relation_name,
       null::text as relation_schema,
       pg_catalog.quote_ident(n.nspname) as name,
       -- the server's own, such as public, belongs to whom the version and the provider say
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'owner', case when not exists (
               select from pg_catalog.pg_init_privs i
               where i.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and i.objoid = n.oid)
               then pg_catalog.pg_get_userbyid(n.nspowner) end
       ))::text as traits
from pg_catalog.pg_namespace n
where n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend e
      where e.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and e.objid = n.oid and e.deptype = 'e')
union all
select 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0::pg_catalog.int2,
       case t.typtype when 'd' then 'domain' else 'type' end,
       n.nspname, null, null,
       pg_catalog.format_type(t.oid, null),
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'owner', pg_catalog.pg_get_userbyid(t.typowner),
           'sort', case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'r' then 'range'
                                  when 'c' then 'composite' when 'b' then 'base' else 'shell' end,
           'labels', (select pg_catalog.string_agg(pg_catalog.quote_literal(l.enumlabel), ', ' order by l.enumsortorder)
                      from pg_catalog.pg_enum l where l.enumtypid = t.oid),
           'base', case t.typtype when 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod) end,
           'not null', case when t.typtype = 'd' and t.typnotnull then 'yes' end,
           'default', case t.typtype when 'd' then
               pg_catalog.pg_get_expr(t.typdefaultbin, 'pg_catalog.pg_type'::pg_catalog.regclass) end,
           'subtype', (select pg_catalog.format_type(r.rngsubtype, null)
                       from pg_catalog.pg_range r where r.rngtypid = t.oid),
           'attributes', case t.typtype when 'c' then (
               select pg_catalog.string_agg(
                   pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)),
                   ', ' order by a.attnum)
               from pg_catalog.pg_attribute a
               where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) end
       ))::text
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_class c on c.oid = t.typrelid
where (t.typtype in ('e', 'd', 'r') or t.typtype = 'c' and c.relkind = 'c'
       or t.typtype in ('b', 'p') and t.typelem = 0 and t.typrelid = 0)
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend e
      where e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and e.objid = t.oid and e.deptype = 'e')
