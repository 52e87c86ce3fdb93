-- Whether another session waits for a lock that this one holds, or stands before it in the queue for.
select exists (
    select from pg_catalog.pg_locks
    where not granted
      and pg_catalog.pg_backend_pid() = any (pg_catalog.pg_blocking_pids(pid))
)
