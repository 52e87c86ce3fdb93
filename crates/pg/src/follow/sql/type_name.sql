select pg_catalog.format_type($1::oid, $2::integer)
