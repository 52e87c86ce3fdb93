-- The setting of this database, for all roles, by which a cutover remembers that it was opening the target.
select pg_catalog.split_part(setting, '=', 2)
from pg_catalog.pg_db_role_setting s
cross join pg_catalog.unnest(s.setconfig) as setting
where s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and s.setrole = 0
  and setting like 'transhume.opening=%'
