update transhume.build set done_at = pg_catalog.clock_timestamp(), loader = 'cutover' where id = any ($1)
