-- What the server keeps in place of passwords; only for whoever may read it.
select rolname::text as role, rolpassword as secret
from pg_catalog.pg_authid
where rolpassword is not null
