update transhume.deviation set state = 'undone', at = pg_catalog.clock_timestamp() where id = any ($1)
