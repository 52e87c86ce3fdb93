-- The database of this connection, and whether it may ask for the system's identifier, which some services refuse.
select d.oid, d.datname, pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database()
