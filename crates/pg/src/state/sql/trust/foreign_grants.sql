-- What default privileges have given to others on the new schema's objects, as the statements that take it back need it.
with relation as (
    select c.oid, c.relname, c.relkind, c.relowner, c.relacl
    from pg_catalog.pg_class c
    where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'transhume')
      and c.relkind in ('r', 'S')
)
select distinct case r.relkind when 'S' then 'sequence' else 'table' end as kind, r.relname::text as name, g.rolname::text as grantee
from relation r
cross join lateral pg_catalog.aclexplode(r.relacl) a
left join pg_catalog.pg_roles g on g.oid = a.grantee
where a.grantee <> r.relowner
union all
select 'schema', 'transhume', g.rolname::text
from pg_catalog.pg_namespace n
cross join lateral pg_catalog.aclexplode(n.nspacl) a
left join pg_catalog.pg_roles g on g.oid = a.grantee
where n.nspname = 'transhume' and a.grantee <> n.nspowner
order by 1, 2, 3
