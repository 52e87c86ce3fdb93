-- One runner at a time; the two numbers spell "tran" and "shum". Held until the session ends.
select pg_catalog.pg_try_advisory_lock(1953653102, 1936225645)
