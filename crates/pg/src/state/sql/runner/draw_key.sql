-- A key that nobody else knows, and its advisory lock; it is held until the session ends.
with drawn as materialized (
    select ('x' || pg_catalog.substr(pg_catalog.md5(
               pg_catalog.random()::text || pg_catalog.clock_timestamp()::text || pg_catalog.pg_backend_pid()::text),
           1, 15))::bit(60)::bigint as key
)
select key, pg_catalog.pg_try_advisory_lock(key) as is_taken from drawn
