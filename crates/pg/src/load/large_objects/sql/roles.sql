-- This session's role, and which of the roles $1 (JSON) exist here; objects can be given to the usable ones and still
-- be worked on (as in catalog/sql/role_abilities.sql).
select pg_catalog.json_build_object(
    'own', current_user,
    'usable', coalesce(pg_catalog.json_object_agg(
        r.rolname, pg_catalog.pg_has_role(r.oid, 'MEMBER') and pg_catalog.pg_has_role(r.oid, 'USAGE'))
        filter (where r.rolname is not null), '{}'))::text
from pg_catalog.json_array_elements_text($1::pg_catalog.json) w(name)
join pg_catalog.pg_roles r on r.rolname = w.name
