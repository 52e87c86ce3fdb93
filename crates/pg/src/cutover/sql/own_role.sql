select r.rolname::text as role, r.rolsuper as superuser
from pg_catalog.pg_roles r
where r.rolname = current_user
