select pg_catalog.pg_logical_emit_message(true, $1, $2::text)::text
