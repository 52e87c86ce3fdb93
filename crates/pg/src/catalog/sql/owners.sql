-- Owners of these objects ($1, $2: catalog and OID side by side), with what ALTER ... OWNER TO needs to name them.
-- Members of extensions and sequences of columns follow their extension and table.
with wanted as (
    select w.class, w.object
    from rows from (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[])) as w(class, object)
),
owned as (
    select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid as class, c.oid as object, c.relowner as owner
    from pg_catalog.pg_class c
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      and not (c.relkind = 'S' and exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
            and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0
            and d.deptype in ('a', 'i')))
    union all select 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid, nspowner from pg_catalog.pg_namespace
    union all select 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, proowner from pg_catalog.pg_proc
    union all select 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typowner from pg_catalog.pg_type
    union all select 'pg_catalog.pg_operator'::pg_catalog.regclass, oid, oprowner from pg_catalog.pg_operator
    union all select 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid, opcowner from pg_catalog.pg_opclass
    union all select 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid, opfowner from pg_catalog.pg_opfamily
    union all select 'pg_catalog.pg_collation'::pg_catalog.regclass, oid, collowner from pg_catalog.pg_collation
    union all select 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid, conowner from pg_catalog.pg_conversion
    union all select 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid, dictowner from pg_catalog.pg_ts_dict
    union all select 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid, cfgowner from pg_catalog.pg_ts_config
    union all select 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid, stxowner from pg_catalog.pg_statistic_ext
    union all select 'pg_catalog.pg_language'::pg_catalog.regclass, oid, lanowner from pg_catalog.pg_language
    union all select 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid, fdwowner from pg_catalog.pg_foreign_data_wrapper
    union all select 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, oid, srvowner from pg_catalog.pg_foreign_server
)
select owned.class,
       owned.object,
       pg_catalog.pg_get_userbyid(owned.owner)::text as owner,
       -- BOOTSTRAP_SUPERUSERID
       owned.owner = 10 as is_first_superuser,
       case i.type
           when 'statistics object' then 'statistics'
           when 'composite type' then 'type'
           else i.type
       end                                           as kind,
       i.schema,
       i.identity
from wanted
join owned on owned.class = wanted.class and owned.object = wanted.object
cross join lateral pg_catalog.pg_identify_object(owned.class, owned.object, 0) i
where i.identity is not null
-- Schemas first: the owner of a table needs CREATE on its schema.
order by owned.class <> 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid, owned.class, owned.object
