select pg_catalog.pg_advisory_unlock(1986093941, $1::integer)
