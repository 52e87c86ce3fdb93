-- Populated materialized views among these OIDs ($1), with the greatest number of levels of
-- materialized views that each reads, directly or through views.
with recursive reads as (
    select distinct r.ev_class as reader, d.refobjid as source
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
     and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> r.ev_class
    join pg_catalog.pg_class s on s.oid = d.refobjid and s.relkind in ('v', 'm')
),
level as (
    select c.oid as view, 0 as depth
    from pg_catalog.pg_class c
    where c.relkind in ('v', 'm')
    union
    select reads.reader,
           level.depth + (select case s.relkind when 'm' then 1 else 0 end from pg_catalog.pg_class s where s.oid = reads.source)
    from level
    join reads on reads.source = level.view
)
select c.oid, n.nspname::text as schema_name, c.relname::text as view_name,
       pg_catalog.max(level.depth)::pg_catalog.int4 as level,
       pg_catalog.pg_table_size(c.oid) as bytes
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join level on level.view = c.oid
where c.relkind = 'm'
  and c.relispopulated
  and c.oid = any ($1::pg_catalog.oid[])
group by c.oid, n.nspname, c.relname
order by level, c.oid
