-- Active jobs of pg_cron in this database.
select coalesce(job ->> 'jobname', job ->> 'jobid') as name
from cron.job j
cross join lateral pg_catalog.to_jsonb(j) as job
where job ->> 'database' = pg_catalog.current_database() and coalesce((job ->> 'active')::boolean, true)
order by 1
