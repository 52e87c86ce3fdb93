-- Jobs of pg_cron in this database; later columns are read through JSON. Row security shows a role only its own.
select coalesce(job ->> 'jobname', 'job ' || (job ->> 'jobid')) as object,
       pg_catalog.format('SELECT cron.schedule_in_database(%L, %L, %L, %L, %L, %L)', coalesce(job ->> 'jobname', 'job ' || (job ->> 'jobid')),
           job ->> 'schedule', job ->> 'command', $1::text, job ->> 'username', coalesce(job ->> 'active', 'true')) as statement
from cron.job j
cross join lateral pg_catalog.to_jsonb(j) as job
where job ->> 'database' = pg_catalog.current_database()
