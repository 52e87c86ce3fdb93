select rolname::text from pg_catalog.pg_roles
