-- Settings of roles, everywhere and in this database.
select r.rolname::text                                                     as role,
       pg_catalog.split_part(one.setting, '=', 1)                          as name,
       pg_catalog.substr(one.setting, pg_catalog.strpos(one.setting, '=') + 1) as value,
       s.setdatabase <> 0                                                  as in_database,
       coalesce(g.context in ('superuser', 'internal', 'postmaster', 'sighup', 'superuser-backend'), false) as is_privileged
from pg_catalog.pg_db_role_setting s
join pg_catalog.pg_roles r on r.oid = s.setrole
cross join lateral pg_catalog.unnest(s.setconfig) as one(setting)
left join pg_catalog.pg_settings g on g.name = pg_catalog.split_part(one.setting, '=', 1)
-- A cutover remembers by the last one what it was doing.
where one.setting not like 'application\_name=transhume opens %'
  and (s.setdatabase = 0
   or s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()))
order by 1, 2
