-- Constraints of tables and domains. Copies that the server makes of a foreign key for partitions have names that
-- depend on the order of their making: only one on a partition that is not validated is told. Those for partitions that
-- are referred to are never validated once their key was NOT VALID, and need not be: they only act on deletions.
-- NOT NULL is a trait of the column; from version 18 on one may be not validated, which the column does not say.
select 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid as class,
       k.oid as object,
       0::pg_catalog.int2 as part,
       case when k.conrelid = 0 then 'domain constraint' when k.contype = 'f' then 'foreign key' else 'constraint'
       end as kind,
       n.nspname::text as schema_name,
       c.relname::text as relation_name,
       cn.nspname::text as relation_schema,
       pg_catalog.format('%I on %s', k.conname,
           case when k.conrelid = 0 then k.contypid::pg_catalog.regtype::text
                else pg_catalog.format('%I.%I', cn.nspname, c.relname) end) as name,
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           -- whether it is validated is said by itself
           'definition', pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
           'validated', case when not k.convalidated then 'no' end,
           'refers to', case k.contype when 'f' then k.confrelid::pg_catalog.regclass::text end
       ))::text as traits
from pg_catalog.pg_constraint k
join pg_catalog.pg_namespace n on n.oid = k.connamespace
left join pg_catalog.pg_constraint parent on parent.oid = k.conparentid
left join pg_catalog.pg_class c on c.oid = k.conrelid
left join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
where k.contype in ('p', 'u', 'x', 'f', 'c', 'n')
  and (k.contype <> 'n' or not k.convalidated)
  and (k.contype <> 'f' or k.conparentid = 0 or not k.convalidated and parent.conrelid <> k.conrelid)
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  and (c.oid is null or c.relpersistence <> 't')
  and not exists (
      select from pg_catalog.pg_depend e
      where e.deptype = 'e' and e.objsubid = 0
        and (e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.objid = k.conrelid
             or e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and e.objid = k.contypid))
