-- Settings of roles in this database by which a cutover remembers that it was opening the target.
select pg_catalog.split_part(setting, '=', 2) as mark, r.rolname::pg_catalog.text as role
from pg_catalog.pg_db_role_setting s
join pg_catalog.pg_roles r on r.oid = s.setrole
cross join pg_catalog.unnest(s.setconfig) as setting
where s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and setting like 'application\_name=transhume opens %'
