-- Sessions that hold a lock which the session of this name ($1) waits for.
select distinct
       'process ' || holder.pid || ' of ' || coalesce(holder.usename::text, 'another role')
       || coalesce(' (' || nullif(holder.application_name, '') || ')', '')
from pg_catalog.pg_stat_activity waiting
cross join lateral (select pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiting.pid)) as pid) blocking
join pg_catalog.pg_stat_activity holder on holder.pid = blocking.pid
where waiting.application_name = $1
  and waiting.wait_event_type = 'Lock'
order by 1
