-- As describe.sql, for the large objects with OIDs above $1 up to $2, with a digest of their content: of slices of
-- 1 MiB, since no value may be larger than 1 GB.
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
        left join pg_catalog.pg_roles r on r.oid = a.grantee), '[]'),
    'digest', (
        with recursive slice(number, bytes, digest) as (
            select 0::pg_catalog.int8, pg_catalog.length(first.data), pg_catalog.md5(first.data)
            from (select pg_catalog.lo_get(m.oid, 0, 1048576) as data offset 0) first
            union all
            select slice.number + 1, pg_catalog.length(next.data), pg_catalog.md5(next.data)
            from slice
            cross join lateral (
                select pg_catalog.lo_get(m.oid, (slice.number + 1) * 1048576, 1048576) as data offset 0) next
            where slice.bytes = 1048576
        )
        select pg_catalog.md5(pg_catalog.string_agg(slice.digest, '' order by slice.number)) from slice))::text
from pg_catalog.pg_largeobject_metadata m
where m.oid > $1::text::pg_catalog.oid and m.oid <= $2::text::pg_catalog.oid
order by m.oid
