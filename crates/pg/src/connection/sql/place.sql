-- Tells servers apart that are copies of each other's files: no two start in the same microsecond.
select d.oid, pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())::text
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database()
