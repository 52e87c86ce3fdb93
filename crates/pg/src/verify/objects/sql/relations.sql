-- Tables, views, materialized views and foreign tables; partitioned tables are tables with a partition key.
with recorded as materialized (
    -- what is switched off behind foreign keys, by table
    select t.tgrelid, pg_catalog.count(*) as switched_off
    from pg_catalog.pg_trigger t
    where t.tgisinternal and t.tgconstraint <> 0 and t.tgenabled <> 'O'
    group by t.tgrelid
),
reads as materialized (
    -- what the rules of views name: relations and functions, not columns, which versions record differently
    select r.ev_class,
           pg_catalog.string_agg(distinct names.name, ', ' order by names.name) as names
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
    cross join lateral (
        select d.refobjid::pg_catalog.regclass::text collate "C" as name
        where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> r.ev_class
        union all
        select d.refobjid::pg_catalog.regprocedure::text collate "C"
        where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    ) names
    where r.rulename = '_RETURN'
    group by r.ev_class
)
select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid as class,
       c.oid as object,
       0::pg_catalog.int2 as part,
       case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
                      when 'f' then 'foreign table' else 'table' end as kind,
       n.nspname::text as schema_name,
       c.relname::text as relation_name,
       n.nspname::text as relation_schema,
       pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'owner', pg_catalog.pg_get_userbyid(c.relowner),
           -- a partitioned table has no storage; from version 18 on it cannot be unlogged either
           'persistence', case when c.relpersistence = 'u' and c.relkind <> 'p' then 'unlogged' end,
           -- without what the server keeps there for itself
           'options', (select pg_catalog.string_agg(o.option, ', ' order by o.option collate "C")
                       from pg_catalog.unnest(c.reloptions) o(option)
                       where o.option !~ '^pg_'),
           'row security', case when c.relforcerowsecurity and c.relrowsecurity then 'forced'
                                when c.relrowsecurity then 'enabled' end,
           'partition key', case c.relkind when 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
           'partition bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid),
           'inherits from', (select pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::text, ', ' order by i.inhseqno)
                             from pg_catalog.pg_inherits i where i.inhrelid = c.oid),
           'replica identity', case when c.relkind in ('r', 'p') then case c.relreplident
               when 'f' then 'full' when 'n' then 'nothing' when 'd' then 'default'
               else 'using index ' || coalesce((
                   select pg_catalog.quote_ident(ic.relname)
                   from pg_catalog.pg_index i join pg_catalog.pg_class ic on ic.oid = i.indexrelid
                   where i.indrelid = c.oid and i.indisreplident), 'that is gone') end end,
           'populated', case when c.relkind = 'm' and not c.relispopulated then 'no' end,
           'key triggers', case when recorded.switched_off > 0
                                then recorded.switched_off || ' switched off' end,
           'reads', case when c.relkind in ('v', 'm') then reads.names end
       ))::text as traits
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join recorded on recorded.tgrelid = c.oid
left join reads on reads.ev_class = c.oid
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and c.relpersistence <> 't'
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
