-- Every role with its attributes, and what it is to this database. Runs for everybody: secrets are in no column.
with here as (
    select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()
),
dependent as (
    -- Owners, grantees, roles of policies and of user mappings; the bootstrap superuser is never listed there.
    select s.refobjid as role, pg_catalog.bool_or(s.deptype = 'o' and s.dbid = here.oid) as owns
    from pg_catalog.pg_shdepend s
    cross join here
    where s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      and (s.dbid = here.oid
           or s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass and s.objid = here.oid)
    group by s.refobjid
),
owned as (
    select x.owner,
           pg_catalog.bool_or(x.schema_name = 'public') as in_public,
           pg_catalog.bool_or(x.class = 'pg_catalog.pg_namespace'::pg_catalog.regclass) as schemas
    from (
        select c.relowner as owner, c.relnamespace::pg_catalog.regnamespace::text as schema_name,
               'pg_catalog.pg_class'::pg_catalog.regclass as class, c.oid
        from pg_catalog.pg_class c
        union all
        select p.proowner, p.pronamespace::pg_catalog.regnamespace::text, 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid
        from pg_catalog.pg_proc p
        union all
        select t.typowner, t.typnamespace::pg_catalog.regnamespace::text, 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid
        from pg_catalog.pg_type t
        union all
        select n.nspowner, '', 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid
        from pg_catalog.pg_namespace n
        where n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname <> 'transhume'
    ) x
    -- What initdb makes has smaller OIDs.
    where x.oid >= 16384
      and x.schema_name !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
      and x.schema_name <> 'transhume'
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = x.class and d.objid = x.oid and d.deptype = 'e')
    group by x.owner
),
connected as (
    select a.usesysid as role, pg_catalog.count(*) as sessions
    from pg_catalog.pg_stat_activity a
    cross join here
    where a.datid = here.oid
      and a.usesysid is not null
      -- Hidden from roles without pg_read_all_stats.
      and coalesce(a.backend_type, 'client backend') = 'client backend'
      and not (a.usename = current_user and a.application_name like 'transhume:%')
    group by a.usesysid
)
select r.rolname::text                                           as name,
       r.rolsuper                                                as superuser,
       -- BOOTSTRAP_SUPERUSERID
       r.oid = 10                                                as is_bootstrap,
       r.rolinherit                                              as inherits,
       r.rolcreaterole                                           as creates_roles,
       r.rolcreatedb                                             as creates_databases,
       r.rolcanlogin                                             as may_log_in,
       r.rolreplication                                          as replicates,
       r.rolbypassrls                                            as bypasses_row_security,
       r.rolconnlimit                                            as connection_limit,
       case when pg_catalog.isfinite(r.rolvaliduntil)
            then pg_catalog.to_char(r.rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'
            else nullif(r.rolvaliduntil::text, 'infinity') end   as valid_until,
       pg_catalog.shobj_description(r.oid, 'pg_authid')          as comment,
       -- Our own role owns the publication and the state too, which move nowhere.
       o.owner is not null or coalesce(p.owns, false) and r.rolname <> current_user as owns,
       coalesce(o.in_public, false)                              as owns_in_public,
       p.role is not null or o.owner is not null                 as is_used,
       coalesce(c.sessions, 0)                                   as sessions,
       pg_catalog.has_database_privilege(r.oid, here.oid, 'CONNECT') as may_connect,
       coalesce(pg_catalog.has_schema_privilege(r.oid, pg_catalog.to_regnamespace('public'), 'CREATE'), false)
                                                                 as creates_in_public,
       coalesce(o.schemas, false)                                as owns_schemas,
       pg_catalog.has_database_privilege(r.oid, here.oid, 'CREATE') as creates_in_database,
       r.rolname = current_user                                  as is_self,
       pg_catalog.pg_has_role(r.oid, 'MEMBER') and pg_catalog.pg_has_role(r.oid, 'USAGE') as is_usable
from pg_catalog.pg_roles r
cross join here
left join dependent p on p.role = r.oid
left join owned o on o.owner = r.oid
left join connected c on c.role = r.oid
order by r.rolname collate "C"
