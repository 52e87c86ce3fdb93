select exists (select from pg_catalog.pg_namespace n where n.nspname = 'transhume')
