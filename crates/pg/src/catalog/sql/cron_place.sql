-- Whether the jobs of pg_cron can be read here, whether this role may read settings of every kind, and whether pg_cron can be had.
select pg_catalog.to_regclass('cron.job') is not null
           and pg_catalog.has_table_privilege(pg_catalog.to_regclass('cron.job'), 'SELECT')                      as is_here,
       pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')                                                   as may_read,
       exists (select from pg_catalog.pg_available_extensions e where e.name = 'pg_cron')                        as is_offered
