-- Roles belong to the server, not to the database: both ends need them.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'torture_owner') THEN
        CREATE ROLE torture_owner;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'torture reader') THEN
        CREATE ROLE "torture reader";
    END IF;
END
$$;
