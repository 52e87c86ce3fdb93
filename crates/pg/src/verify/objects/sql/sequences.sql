-- Definitions of sequences; their values are read from themselves. One that a column owns belongs to its table.
select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid as class,
       c.oid as object,
       0::pg_catalog.int2 as part,
       'sequence' as kind,
       n.nspname::text as schema_name,
       coalesce(owner.relname, c.relname)::text as relation_name,
       coalesce(owner.nspname, n.nspname)::text as relation_schema,
       pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           -- an owned one has the owner of its table
           'owner', case when owner.attname is null then pg_catalog.pg_get_userbyid(c.relowner) end,
           'type', pg_catalog.format_type(s.seqtypid, null),
           'start', s.seqstart::text,
           'increment', s.seqincrement::text,
           'minimum', s.seqmin::text,
           'maximum', s.seqmax::text,
           'cache', s.seqcache::text,
           'cycle', case when s.seqcycle then 'yes' end,
           'owned by', case when owner.attname is not null
                           then pg_catalog.format('%I.%I.%I', owner.nspname, owner.relname, owner.attname) end
       ))::text as traits
from pg_catalog.pg_sequence s
join pg_catalog.pg_class c on c.oid = s.seqrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join lateral (
    select rn.nspname, r.relname, a.attname
    from pg_catalog.pg_depend d
    join pg_catalog.pg_class r on r.oid = d.refobjid
    join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0
      and d.deptype in ('a', 'i')
    limit 1
) owner on true
where c.relpersistence <> 't'
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend e
      where e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.objid = c.oid and e.deptype = 'e')
