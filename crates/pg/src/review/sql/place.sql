-- Whether jobs of pg_cron can be read here, and whether new sessions may write.
select
    pg_catalog.to_regclass('cron.job') is not null
        and pg_catalog.has_table_privilege(pg_catalog.to_regclass('cron.job'), 'SELECT')         as has_jobs,
    not exists (
        select from pg_catalog.pg_db_role_setting d
        cross join lateral pg_catalog.unnest(d.setconfig) as one (setting)
        where d.setrole = 0 and d.setdatabase = db.oid
          and one.setting ~* '^default_transaction_read_only=(on|true|yes|1)$')
        and db.datconnlimit <> 0                                                                 as takes_writes
from pg_catalog.pg_database db
where db.datname = pg_catalog.current_database()
