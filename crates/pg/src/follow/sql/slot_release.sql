select pg_catalog.pg_terminate_backend(active_pid)
from pg_catalog.pg_replication_slots
where slot_name = $1 and active_pid is not null
