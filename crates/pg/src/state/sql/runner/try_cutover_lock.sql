-- The two numbers spell "tran" and "cuto". Held until the session ends.
select pg_catalog.pg_try_advisory_lock(1953653102, 1668641903)
