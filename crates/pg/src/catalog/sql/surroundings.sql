-- What belongs to this database and is in no dump of it, as statements for a database called $1. A setting has its value
-- beside it, since lists are worded elsewhere.
with here as (
    select d.oid, d.datdba, coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba)) as acl
    from pg_catalog.pg_database d
    where d.datname = pg_catalog.current_database()
)
select 'setting'                                                                as kind,
       pg_catalog.split_part(one.setting, '=', 1)                               as object,
       ''                                                                       as statement,
       pg_catalog.substr(one.setting, pg_catalog.strpos(one.setting, '=') + 1)  as value
from pg_catalog.pg_db_role_setting s
cross join here
cross join lateral pg_catalog.unnest(s.setconfig) as one(setting)
-- A cutover closes a side by the last one.
where s.setdatabase = here.oid and s.setrole = 0 and one.setting not like 'default\_transaction\_read\_only=%'
union all
select 'comment', 'comment of the database',
       pg_catalog.format('COMMENT ON DATABASE %I IS %L', $1::text, pg_catalog.shobj_description(here.oid, 'pg_database')), null
from here
where pg_catalog.shobj_description(here.oid, 'pg_database') is not null
union all
select 'privilege', 'privileges on the database',
       pg_catalog.format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, $1::text,
           case a.grantee when 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end,
           case when a.is_grantable then ' WITH GRANT OPTION' else '' end), null
from here
cross join lateral pg_catalog.aclexplode(here.acl) a
where a.grantee <> here.datdba
  and (a.grantee = 0 or pg_catalog.pg_get_userbyid(a.grantee) <> current_user)
union all
select 'revoked', 'privileges on the database',
       pg_catalog.format('REVOKE %s ON DATABASE %I FROM PUBLIC', u.privilege_type, $1::text), null
from here
cross join lateral pg_catalog.aclexplode(pg_catalog.acldefault('d', here.datdba)) u
where u.grantee = 0
  and not exists (
      select from pg_catalog.aclexplode(here.acl) a
      where a.grantee = 0 and a.privilege_type = u.privilege_type)
union all
select 'public-owner', 'schema public',
       pg_catalog.format('ALTER SCHEMA public OWNER TO %I', pg_catalog.pg_get_userbyid(n.nspowner)), null
from pg_catalog.pg_namespace n
-- The bootstrap superuser and pg_database_owner have it on a new database.
where n.nspname = 'public' and n.nspowner <> 10 and pg_catalog.pg_get_userbyid(n.nspowner) <> 'pg_database_owner'
union all
select 'security-label', pg_catalog.format('%s %s', l.objtype, l.objname),
       pg_catalog.format('SECURITY LABEL FOR %I ON %s %s IS %L', l.provider, l.objtype, l.objname, l.label), null
from pg_catalog.pg_seclabels l
union all
select 'slot', s.slot_name::text,
       pg_catalog.format('SELECT pg_catalog.pg_create_logical_replication_slot(%L, %L)', s.slot_name, s.plugin), null
from pg_catalog.pg_replication_slots s
where s.slot_type = 'logical' and s.database = pg_catalog.current_database()
  and not s.temporary and s.slot_name !~ '^transhume_'
union all
-- The server shows the options to the mapped role, or to the server's owner for everybody's; pg_dump sees no more.
select 'user-mapping', pg_catalog.format('user mapping of %s for server %s', m.usename, m.srvname),
       pg_catalog.format('ALTER USER MAPPING FOR %s SERVER %I OPTIONS (ADD "user" ''...'', ADD password ''...'')',
           case m.umuser when 0 then 'PUBLIC' else pg_catalog.quote_ident(m.usename) end, m.srvname), null
from pg_catalog.pg_user_mappings m
join pg_catalog.pg_foreign_server v on v.oid = m.srvid
where m.umoptions is null
  and not coalesce((select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user), false)
  and not (m.umuser <> 0 and m.usename = current_user)
  and not (m.umuser = 0 and pg_catalog.pg_has_role(v.srvowner, 'USAGE'))
