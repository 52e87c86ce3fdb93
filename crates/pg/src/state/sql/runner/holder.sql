-- Who holds the runner's lock, as the server knows it now; what it told of itself where it has.
select h.backend_pid,
       coalesce(r.host, '') as host,
       coalesce(r.pid, 0) as pid,
       coalesce(r.waiting_for, '') as waiting_for,
       coalesce(a.application_name, '') as application,
       pg_catalog.to_char(h.taken_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
from transhume.holder h
left join transhume.runner r on r.backend_pid = h.backend_pid
left join pg_catalog.pg_stat_activity a on a.pid = h.backend_pid
where h.name = 'runner'
  and exists (
    select
    from pg_catalog.pg_locks l
    where l.locktype = 'advisory'
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
      and l.objsubid = 1
      and (l.classid::bigint << 32 | l.objid::bigint) = h.key
      and l.pid = h.backend_pid
      and l.granted
  )
