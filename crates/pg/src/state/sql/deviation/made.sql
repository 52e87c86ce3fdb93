update transhume.deviation set state = 'made', at = pg_catalog.clock_timestamp() where id = $1
