-- Ends the session that holds the migration for a process which has given no sign of life for $1 seconds, or for $4 where it is this
-- one (process $3 on the host $2), which has lost that session and has another one now: in containers several processes may bear
-- the same names, and one of them that lives goes on beating. Only our own: of the same role, in this database, and older than what
-- it registered, so that no later process with its number is met. Found first and ended then: as a condition, the ending would be
-- tried on sessions that the others leave out.
with silent as materialized (
    select r.host,
           r.pid as process,
           a.pid as backend_pid,
           pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - r.seen_at)::bigint as silent_seconds
    from transhume.holder h
    join transhume.runner r on r.backend_pid = h.backend_pid
    join pg_catalog.pg_stat_activity a on a.pid = r.backend_pid
    where h.name = 'runner'
      and r.seen_at < pg_catalog.clock_timestamp() - pg_catalog.make_interval(
              secs => case when r.host = $2::text and r.pid = $3::int4 then $4::double precision
                           else $1::double precision end)
      and a.usename = current_user
      and a.datname = pg_catalog.current_database()
      and a.application_name like 'transhume:%'
      and a.backend_start <= r.started_at
      and a.pid <> pg_catalog.pg_backend_pid()
)
select s.host, s.process, s.backend_pid, s.silent_seconds, pg_catalog.pg_terminate_backend(s.backend_pid) as is_ended
from silent s
