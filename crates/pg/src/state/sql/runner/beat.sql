-- A sign of life of the process $2 on the host $1; of nobody once another has registered.
update transhume.runner
set seen_at = pg_catalog.clock_timestamp()
where host = $1 and pid = $2
