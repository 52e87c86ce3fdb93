-- Whoever waits for more by default goes on doing so.
begin;
select pg_catalog.set_config(
    'synchronous_commit',
    case pg_catalog.current_setting('synchronous_commit') when 'remote_apply' then 'remote_apply' else 'on' end,
    true)
