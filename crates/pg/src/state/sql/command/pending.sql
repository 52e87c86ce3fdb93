-- A session of a role that this one may not look at shows its PID and no more.
select c.id,
       c.name,
       c.argument,
       c.state = 'active' as is_active,
       coalesce(c.expires_at <= pg_catalog.clock_timestamp(), false)
       or c.backend_pid is not null and not exists (
           select
           from pg_catalog.pg_stat_activity a
           where a.pid = c.backend_pid
             and coalesce(a.backend_start = c.backend_start, true)
       ) as is_expired
from transhume.command c
where c.state in ('requested', 'active')
order by c.id
