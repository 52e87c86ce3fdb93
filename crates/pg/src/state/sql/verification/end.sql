update transhume.verification set ended_at = pg_catalog.clock_timestamp(), result = $2 where id = $1
