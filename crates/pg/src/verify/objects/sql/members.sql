-- Triggers, rules, policies and extended statistics. A partition's copy of its parent's trigger (internal until version
-- 14) is told only where it is in another state.
with own as (
    select c.oid, c.relname, n.nspname, pg_catalog.format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
      and c.relpersistence <> 't'
      and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
      and not exists (
          select from pg_catalog.pg_depend e
          where e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.objid = c.oid and e.objsubid = 0
            and e.deptype = 'e')
),
triggers as materialized (
    select t.*, copied.parent
    from pg_catalog.pg_trigger t
    left join lateral (
        select d.refobjid as parent
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and d.objid = t.oid
          and d.refclassid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
        limit 1
    ) copied on true
    where not t.tgisinternal or copied.parent is not null and t.tgconstraint = 0
)
select 'pg_catalog.pg_trigger'::pg_catalog.regclass::pg_catalog.oid as class,
       t.oid as object,
       0::pg_catalog.int2 as part,
       'trigger' as kind,
       own.nspname::text as schema_name,
       own.relname::text as relation_name,
       own.nspname::text as relation_schema,
       pg_catalog.format('%I on %s', t.tgname, own.name) as name,
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'definition', pg_catalog.pg_get_triggerdef(t.oid),
           'enabled', case t.tgenabled when 'O' then 'yes' when 'D' then 'no'
                                       when 'R' then 'replica' else 'always' end
       ))::text as traits
from own
join triggers t on t.tgrelid = own.oid
left join triggers parent on parent.oid = t.parent
where t.parent is null or parent.tgenabled <> t.tgenabled
union all
select 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, 0::pg_catalog.int2, 'rule',
       own.nspname, own.relname, own.nspname,
       pg_catalog.format('%I on %s', r.rulename, own.name),
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'event', case r.ev_type when '2' then 'update' when '3' then 'insert' when '4' then 'delete' end,
           'enabled', case r.ev_enabled when 'O' then 'yes' when 'D' then 'no'
                                        when 'R' then 'replica' else 'always' end
       ))::text
from own
join pg_catalog.pg_rewrite r on r.ev_class = own.oid
where r.rulename <> '_RETURN'
union all
select 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, 0::pg_catalog.int2, 'policy',
       own.nspname, own.relname, own.nspname,
       pg_catalog.format('%I on %s', p.polname, own.name),
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                                    when 'd' then 'delete' else 'all' end,
           'restrictive', case when not p.polpermissive then 'yes' end,
           'roles', (select pg_catalog.string_agg(names.name, ', ' order by names.name)
                     from (select case role.oid when 0 then 'public'
                                  else pg_catalog.pg_get_userbyid(role.oid)::text end collate "C" as name
                           from pg_catalog.unnest(p.polroles) role(oid)) names),
           'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
           'with check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
       ))::text
from own
join pg_catalog.pg_policy p on p.polrelid = own.oid
union all
select 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, 0::pg_catalog.int2, 'statistics',
       sn.nspname, own.relname, own.nspname,
       pg_catalog.format('%I.%I', sn.nspname, s.stxname),
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'owner', pg_catalog.pg_get_userbyid(s.stxowner),
           'definition', pg_catalog.pg_get_statisticsobjdef(s.oid)
       ))::text
from own
join pg_catalog.pg_statistic_ext s on s.stxrelid = own.oid
join pg_catalog.pg_namespace sn on sn.oid = s.stxnamespace
