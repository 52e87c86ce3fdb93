-- The database's encoding, not the session's.
select pg_catalog.current_setting('server_encoding') as encoding
