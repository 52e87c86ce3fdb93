-- Subscriptions that write to this database. Every role may read these columns.
select s.subname::text as name, s.subenabled as enabled, pg_catalog.pg_has_role(s.subowner, 'USAGE') as is_owned
from pg_catalog.pg_subscription s
where s.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
order by s.subname
