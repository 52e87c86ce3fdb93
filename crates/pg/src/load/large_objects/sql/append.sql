select pg_catalog.lo_put($1::text::pg_catalog.oid, $2::pg_catalog.int8, $3::pg_catalog.bytea)
