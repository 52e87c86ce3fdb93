-- What the selection needs to know of the objects of a schema archive.
-- $1, $2: catalog and OID of each object, side by side. Objects that are gone or have neither schema nor
-- relation come with nulls or not at all.
with wanted as (
    select w.class, w.object
    from rows from (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[])) as w(class, object)
),
-- The relation that each object belongs to, itself for relations.
member as (
    select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid as class, c.oid as object,
           coalesce(i.indrelid, owner.refobjid, c.oid) as relation,
           c.relkind = 'S' and owner.refobjid is null as free_sequence,
           c.relkind in ('v', 'm', 'f') as is_view,
           c.relispartition as is_partition,
           null::pg_catalog.oid as refers_to,
           false as is_view_rule,
           false as is_key
    from pg_catalog.pg_class c
    left join pg_catalog.pg_index i on i.indexrelid = c.oid
    left join lateral (
        select d.refobjid
        from pg_catalog.pg_depend d
        where c.relkind = 'S'
          and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
          and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0
          and d.deptype in ('a', 'i')
        limit 1
    ) owner on true
    where c.oid in (select object from wanted)
    union all
    select 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, k.conrelid, false, false,
           r.relispartition, nullif(k.confrelid, 0), false, k.contype in ('p', 'u', 'x')
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class r on r.oid = k.conrelid
    where k.oid in (select object from wanted)
    union all
    select 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, t.tgrelid, false, false, false, null, false, false
    from pg_catalog.pg_trigger t
    union all
    select 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, p.polrelid, false, false, false, null, false, false
    from pg_catalog.pg_policy p
    union all
    select 'pg_catalog.pg_attrdef'::pg_catalog.regclass, a.oid, a.adrelid, false, false, false, null, false, false
    from pg_catalog.pg_attrdef a
    union all
    select 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, r.ev_class, false, false, false, null,
           r.rulename = '_RETURN', false
    from pg_catalog.pg_rewrite r
    union all
    select 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, s.stxrelid, false, false, false, null, false, false
    from pg_catalog.pg_statistic_ext s
),
place as (
    select 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid as class, oid as object, oid as namespace
    from pg_catalog.pg_namespace
    union all select 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, pronamespace from pg_catalog.pg_proc
    union all select 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typnamespace from pg_catalog.pg_type
    union all select 'pg_catalog.pg_operator'::pg_catalog.regclass, oid, oprnamespace from pg_catalog.pg_operator
    union all select 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid, opcnamespace from pg_catalog.pg_opclass
    union all select 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid, opfnamespace from pg_catalog.pg_opfamily
    union all select 'pg_catalog.pg_collation'::pg_catalog.regclass, oid, collnamespace from pg_catalog.pg_collation
    union all select 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid, connamespace from pg_catalog.pg_conversion
    union all select 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid, dictnamespace from pg_catalog.pg_ts_dict
    union all select 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid, cfgnamespace from pg_catalog.pg_ts_config
    union all select 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, oid, prsnamespace from pg_catalog.pg_ts_parser
    union all select 'pg_catalog.pg_ts_template'::pg_catalog.regclass, oid, tmplnamespace from pg_catalog.pg_ts_template
    -- Those of a migration are known by the schema of what they call; others are in no schema.
    union all
    select 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, t.oid, f.pronamespace
    from pg_catalog.pg_event_trigger t
    join pg_catalog.pg_proc f on f.oid = t.evtfoid
    join pg_catalog.pg_namespace n on n.oid = f.pronamespace
    where n.nspname like 'transhume\_%\_ddl'
)
select w.class,
       w.object,
       coalesce(rn.nspname, pn.nspname)::text as schema_name,
       rn.nspname::text                       as relation_schema,
       r.relname::text                        as relation_name,
       coalesce(m.free_sequence, false)       as free_sequence,
       coalesce(m.is_view, false)             as is_view,
       coalesce(m.is_partition, false)        as is_partition,
       fn.nspname::text                       as refers_to_schema,
       f.relname::text                        as refers_to_name,
       coalesce(m.is_view_rule, false)        as is_view_rule,
       coalesce(m.is_key, false)              as is_key,
       e.extname::text                        as extension
from wanted w
left join member m on m.class = w.class and m.object = w.object
left join pg_catalog.pg_class r on r.oid = m.relation
left join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
left join pg_catalog.pg_class f on f.oid = m.refers_to
left join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
left join pg_catalog.pg_extension e
       on w.class = 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid and e.oid = w.object
left join place p on p.class = w.class and p.object = w.object
left join pg_catalog.pg_namespace pn on pn.oid = p.namespace
