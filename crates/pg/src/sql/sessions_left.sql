-- How many of these sessions ($1, process ids) are still there.
select pg_catalog.count(*) from pg_catalog.pg_stat_activity where pid = any ($1)
