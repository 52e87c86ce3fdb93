-- What took effect of the pinned settings (the list in quotes is replaced by all their names), and
-- what the server says about itself. Run with search_path '', so every name is pg_catalog's.
SELECT pinned.name, pg_catalog.current_setting(pinned.name, true) AS value
FROM pg_catalog.unnest('{search_path}'::pg_catalog.text[]) AS pinned (name)
UNION ALL
SELECT 'backend_pid', pg_catalog.pg_backend_pid()::pg_catalog.text
UNION ALL
SELECT 'server_version_num', pg_catalog.current_setting('server_version_num')
UNION ALL
SELECT 'in_recovery', pg_catalog.pg_is_in_recovery()::pg_catalog.text
UNION ALL
SELECT 'default_transaction_read_only', pg_catalog.current_setting('default_transaction_read_only')
