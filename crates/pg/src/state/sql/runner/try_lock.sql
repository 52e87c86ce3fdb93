-- Two numbers name the lock; it is held until the session ends.
select pg_catalog.pg_try_advisory_lock($1::int4, $2::int4)
