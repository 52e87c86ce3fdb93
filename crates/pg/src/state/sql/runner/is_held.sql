select exists (
    select
    from pg_catalog.pg_locks l
    where l.locktype = 'advisory'
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
      and l.objsubid = 1
      and (l.classid::bigint << 32 | l.objid::bigint) = h.key
      and l.pid = h.backend_pid
      and l.granted
)
from transhume.holder h
where h.name = $1
