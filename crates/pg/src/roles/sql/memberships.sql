-- Who is a member of what. The options came with version 16 and are read through JSON, so one text serves every version;
-- the same membership may have been granted by several roles there.
select g.rolname::text                                                       as group_name,
       m.rolname::text                                                       as member_name,
       pg_catalog.bool_or(a.admin_option)                                    as admin,
       pg_catalog.bool_or((row_as_json ->> 'inherit_option')::pg_catalog.bool) as inherit,
       pg_catalog.bool_or((row_as_json ->> 'set_option')::pg_catalog.bool)     as set
from pg_catalog.pg_auth_members a
cross join lateral pg_catalog.to_jsonb(a) as row_as_json
join pg_catalog.pg_roles g on g.oid = a.roleid
join pg_catalog.pg_roles m on m.oid = a.member
group by 1, 2
order by 1, 2
