-- The commit flushes the WAL up to it, whatever the role or the database presets.
select pg_catalog.pg_logical_emit_message(true, $1, $2::text)::text,
       case pg_catalog.current_setting('synchronous_commit')
           when 'off' then pg_catalog.set_config('synchronous_commit', 'local', true)
       end
