-- $1 which lock, $2 the key whose advisory lock this session has. Whoever comes at the same time waits for the row and looks
-- again. A session that has it already takes it anew.
update transhume.holder h
set key = $2, backend_pid = pg_catalog.pg_backend_pid(), taken_at = pg_catalog.clock_timestamp()
where h.name = $1
  and not exists (
    select
    from pg_catalog.pg_locks l
    where l.locktype = 'advisory'
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
      and l.objsubid = 1
      and (l.classid::bigint << 32 | l.objid::bigint) = h.key
      and l.pid = h.backend_pid
      and l.granted
      and l.pid <> pg_catalog.pg_backend_pid()
  )
