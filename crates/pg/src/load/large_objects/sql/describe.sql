-- The large objects $1 (those that exist), one JSON object each.
select pg_catalog.json_build_object(
    'oid', m.oid::pg_catalog.int8,
    'owner', pg_catalog.pg_get_userbyid(m.lomowner),
    'comment', pg_catalog.obj_description(m.oid, 'pg_largeobject'),
    'grants', coalesce((
        select pg_catalog.json_agg(
            pg_catalog.json_build_object(
                'grantee', r.rolname, 'privilege', a.privilege_type, 'grantable', a.is_grantable)
            order by r.rolname nulls first, a.privilege_type, a.is_grantable)
        from pg_catalog.aclexplode(m.lomacl) a
        left join pg_catalog.pg_roles r on r.oid = a.grantee), '[]'))::text
from pg_catalog.pg_largeobject_metadata m
where m.oid = any ($1::pg_catalog.oid[])
order by m.oid
