-- Which of these roles ($1) exist here, and whether this session's role could give objects to them and
-- still use the objects afterwards (MEMBER: may SET ROLE, before 16; USAGE: has its rights at once).
select w.name,
       r.oid is not null                                                             as role_exists,
       coalesce(pg_catalog.pg_has_role(r.oid, 'MEMBER') and pg_catalog.pg_has_role(r.oid, 'USAGE'), false) as usable,
       w.name = current_user                                                         as is_self
from pg_catalog.unnest($1::pg_catalog.text[]) as w(name)
left join pg_catalog.pg_roles r on r.rolname = w.name
