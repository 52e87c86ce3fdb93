select d.datname::text as name, pg_catalog.pg_has_role(d.datdba, 'usage') as is_owner
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database()
