-- What ALTER DEFAULT PRIVILEGES set, one object for each role, schema and kind of object.
-- $1: whether MAINTAIN counts, as in privileges.sql.
select 'pg_catalog.pg_default_acl'::pg_catalog.regclass::pg_catalog.oid as class,
       d.oid as object,
       0::pg_catalog.int2 as part,
       'default privileges' as kind,
       n.nspname::text as schema_name,
       null::text as relation_name,
       null::text as relation_schema,
       pg_catalog.format('of %I for %s%s', pg_catalog.pg_get_userbyid(d.defaclrole),
           case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
                                when 'T' then 'types' when 'n' then 'schemas' else 'large objects' end,
           case when n.nspname is null then '' else pg_catalog.format(' in %I', n.nspname) end) as name,
       coalesce((
           select pg_catalog.json_object_agg(g.grantee, g.privileges order by g.grantee)
           from (
               select case when a.grantee = 0 then 'everybody'
                           else 'role ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end
                          collate "C" as grantee,
                      pg_catalog.string_agg(
                          a.privilege_type || case when a.is_grantable then ' WITH GRANT OPTION' else '' end,
                          ', ' order by a.privilege_type collate "C") as privileges
               from pg_catalog.aclexplode(d.defaclacl) a
               where $1::pg_catalog.bool or a.privilege_type <> 'MAINTAIN'
               group by 1
           ) g), '{}')::text as traits
from pg_catalog.pg_default_acl d
left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
where n.nspname is null or n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
