-- A table whose acl is null has its owner's default rights, which count as a grant to the owner.
select n.nspname::text as schema_name,
       c.relname::text as table_name,
       r.rolname::text as grantee,
       pg_catalog.string_agg(a.privilege_type, ', ' order by a.privilege_type) as privileges,
       a.is_grantable
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
left join pg_catalog.pg_roles r on r.oid = a.grantee
where c.oid = any ($1)
  and a.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
group by n.nspname, c.relname, r.rolname, a.is_grantable
order by n.nspname, c.relname, r.rolname
