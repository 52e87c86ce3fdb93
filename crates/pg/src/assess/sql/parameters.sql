-- Parameters as a new session of this role finds them here; what is set in this session does not count. The database's own are
-- told apart. Some services keep some to themselves: those have no row, or no value.
select
    s.name,
    coalesce(s.reset_val, s.setting)                     as value,
    coalesce(s.unit, '')                                 as unit,
    s.context,
    coalesce(s.reset_val, s.setting) is distinct from s.boot_val as is_set,
    exists (
        select from pg_catalog.pg_db_role_setting d
        cross join lateral pg_catalog.unnest(d.setconfig) as one(setting)
        where d.setrole = 0
          and d.setdatabase = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
          and pg_catalog.lower(pg_catalog.split_part(one.setting, '=', 1)) = pg_catalog.lower(s.name)
    )                                                    as of_database
from pg_catalog.pg_settings s
where coalesce(s.reset_val, s.setting) is not null
order by s.name
