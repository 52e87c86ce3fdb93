-- Functions, procedures, aggregates and window functions. Those that a range type makes belong to it.
-- One with a body in standard SQL (from version 14 on) has its definition in texts.sql.
select 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid as class,
       p.oid as object,
       0::pg_catalog.int2 as part,
       case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind,
       n.nspname::text as schema_name,
       null::text as relation_name,
       null::text as relation_schema,
       p.oid::pg_catalog.regprocedure::text as name,
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'owner', pg_catalog.pg_get_userbyid(p.proowner),
           'definition', case when p.prokind <> 'a' and tree.body is null
                              then pg_catalog.pg_get_functiondef(p.oid) end,
           'result', pg_catalog.pg_get_function_result(p.oid),
           'transition', case when a.aggfnoid is not null then
               pg_catalog.format('%s %s %s initially %s, final %s, combine %s', a.aggkind,
                   a.aggtransfn::pg_catalog.regprocedure, pg_catalog.format_type(a.aggtranstype, null),
                   a.agginitval, a.aggfinalfn::pg_catalog.regprocedure,
                   a.aggcombinefn::pg_catalog.regprocedure) end
       ))::text as traits
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
left join pg_catalog.pg_aggregate a on a.aggfnoid = p.oid
cross join lateral (select pg_catalog.to_jsonb(p) ->> 'prosqlbody' as body) tree
where n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend e
      where e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and e.objid = p.oid and e.deptype in ('e', 'i'))
