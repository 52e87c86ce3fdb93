-- Roles that own large objects, and those that hold a grant on some, with how many.
select owner.rolname::text as name, 'owner' as part, pg_catalog.count(*) as objects
from pg_catalog.pg_largeobject_metadata m
join pg_catalog.pg_roles owner on owner.oid = m.lomowner
group by owner.rolname
union all
select grantee.rolname::text, 'grant', pg_catalog.count(distinct m.oid)
from pg_catalog.pg_largeobject_metadata m
cross join lateral pg_catalog.aclexplode(m.lomacl) a
join pg_catalog.pg_roles grantee on grantee.oid = a.grantee and a.grantee <> m.lomowner
group by grantee.rolname
order by 1, 2
