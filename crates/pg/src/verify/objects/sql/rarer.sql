-- Everything else that a dump of one database holds, by the identity that the server gives it, with its owner and
-- what is quickly said of it. Members of extensions are left out, and casts that a range type makes.
with listed as (
    select 'pg_catalog.pg_operator'::pg_catalog.regclass as class, o.oid, n.nspname as schema_name, o.oprowner as owner,
           pg_catalog.json_build_object('function', o.oprcode::pg_catalog.regprocedure::text,
               'commutator', nullif(o.oprcom, 0::pg_catalog.oid)::pg_catalog.regoperator::text,
               'merges', nullif(o.oprcanmerge, false), 'hashes', nullif(o.oprcanhash, false)) as traits
    from pg_catalog.pg_operator o join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
    union all
    select 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid, n.nspname, o.opcowner,
           pg_catalog.json_build_object('type', pg_catalog.format_type(o.opcintype, null), 'default', nullif(o.opcdefault, false))
    from pg_catalog.pg_opclass o join pg_catalog.pg_namespace n on n.oid = o.opcnamespace
    union all
    select 'pg_catalog.pg_opfamily'::pg_catalog.regclass, o.oid, n.nspname, o.opfowner, '{}'
    from pg_catalog.pg_opfamily o join pg_catalog.pg_namespace n on n.oid = o.opfnamespace
    union all
    -- The names of the columns for ICU locales changed twice.
    select 'pg_catalog.pg_collation'::pg_catalog.regclass, l.oid, n.nspname, l.collowner,
           pg_catalog.json_build_object('provider', l.collprovider, 'deterministic', l.collisdeterministic,
               'locale', coalesce(pg_catalog.to_jsonb(l) ->> 'colllocale', pg_catalog.to_jsonb(l) ->> 'colliculocale',
                                  l.collcollate::text),
               -- from version 16 on
               'rules', pg_catalog.to_jsonb(l) ->> 'collicurules')
    from pg_catalog.pg_collation l join pg_catalog.pg_namespace n on n.oid = l.collnamespace
    union all
    select 'pg_catalog.pg_conversion'::pg_catalog.regclass, v.oid, n.nspname, v.conowner, '{}'
    from pg_catalog.pg_conversion v join pg_catalog.pg_namespace n on n.oid = v.connamespace
    union all
    select 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, d.oid, n.nspname, d.dictowner,
           pg_catalog.json_build_object('options', d.dictinitoption)
    from pg_catalog.pg_ts_dict d join pg_catalog.pg_namespace n on n.oid = d.dictnamespace
    union all
    select 'pg_catalog.pg_ts_config'::pg_catalog.regclass, g.oid, n.nspname, g.cfgowner,
           pg_catalog.json_build_object('mapping', (
               select pg_catalog.string_agg(
                   pg_catalog.format('%s %s', m.maptokentype, m.mapdict::pg_catalog.regdictionary), ', '
                   order by m.maptokentype, m.mapseqno)
               from pg_catalog.pg_ts_config_map m where m.mapcfg = g.oid))
    from pg_catalog.pg_ts_config g join pg_catalog.pg_namespace n on n.oid = g.cfgnamespace
    union all
    select 'pg_catalog.pg_cast'::pg_catalog.regclass, x.oid, null, null::pg_catalog.oid,
           pg_catalog.json_build_object('function', nullif(x.castfunc, 0::pg_catalog.oid)::pg_catalog.regprocedure::text,
               'context', x.castcontext, 'method', x.castmethod)
    from pg_catalog.pg_cast x
    union all
    select 'pg_catalog.pg_language'::pg_catalog.regclass, g.oid, null, g.lanowner,
           pg_catalog.json_build_object('trusted', g.lanpltrusted)
    from pg_catalog.pg_language g
    union all
    select 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, w.oid, null, w.fdwowner, '{}'
    from pg_catalog.pg_foreign_data_wrapper w
    union all
    -- Options may hold secrets, and often name hosts that differ on purpose.
    select 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, v.oid, null, v.srvowner, '{}'
    from pg_catalog.pg_foreign_server v
    union all
    select 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, v.oid, null, v.evtowner,
           pg_catalog.json_build_object('event', v.evtevent, 'function', v.evtfoid::pg_catalog.regprocedure::text,
               'enabled', case v.evtenabled when 'O' then 'yes' when 'D' then 'no'
                                            when 'R' then 'replica' else 'always' end)
    from pg_catalog.pg_event_trigger v
    where v.evtname !~ '^transhume_[0-9a-f]{8}_ddl_'
    union all
    select 'pg_catalog.pg_extension'::pg_catalog.regclass, x.oid, null, null,
           pg_catalog.json_build_object('version', x.extversion, 'schema', x.extnamespace::pg_catalog.regnamespace::text)
    from pg_catalog.pg_extension x
)
select l.class::pg_catalog.oid as class,
       l.oid as object,
       0::pg_catalog.int2 as part,
       i.type as kind,
       l.schema_name::text as schema_name,
       null::text as relation_name,
       null::text as relation_schema,
       i.identity as name,
       (pg_catalog.jsonb_strip_nulls(
           pg_catalog.jsonb_build_object('owner', pg_catalog.pg_get_userbyid(l.owner)) || l.traits::pg_catalog.jsonb
       ))::text as traits
from listed l
cross join lateral pg_catalog.pg_identify_object(l.class, l.oid, 0) i
-- What initdb makes has smaller OIDs (FirstNormalObjectId).
where l.oid >= 16384
  and (l.schema_name is null
       or l.schema_name !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and l.schema_name not in ('information_schema', 'transhume'))
  and not exists (
      select from pg_catalog.pg_depend e
      where e.classid = l.class and e.objid = l.oid and e.deptype in ('e', 'i'))
