-- Materialized views with how deep they stand on others of their kind, also through plain views:
-- refresh in the order of depth; and whether this role may read them.
with recursive reads as (
    -- what a view's rule reads
    select distinct r.ev_class as view_oid, d.refobjid as read_oid
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
     and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> r.ev_class
    join pg_catalog.pg_class c on c.oid = d.refobjid and c.relkind in ('v', 'm')
), steps as (
    select c.oid as root, c.oid as node, 0 as matviews_below
    from pg_catalog.pg_class c where c.relkind = 'm'
    union
    select s.root, reads.read_oid, s.matviews_below + (c.relkind = 'm')::integer
    from steps s
    join reads on reads.view_oid = s.node
    join pg_catalog.pg_class c on c.oid = reads.read_oid
)
select
    c.oid,
    n.nspname::text                       as schema_name,
    c.relname::text                       as view_name,
    c.relispopulated                      as populated,
    pg_catalog.has_table_privilege(c.oid, 'SELECT')
        and pg_catalog.has_schema_privilege(n.oid, 'USAGE') as readable,
    pg_catalog.max(steps.matviews_below)  as depth
from steps
join pg_catalog.pg_class c on c.oid = steps.root
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
  and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e')
group by c.oid, n.oid, n.nspname, c.relname, c.relispopulated
order by depth, n.nspname, c.relname
