-- The runner hears of it at once; the row is what counts.
with moved as (
    update transhume.migration
    set phase = $2,
        phase_since = pg_catalog.clock_timestamp(),
        cutover_at = case when $2 = 'done' then pg_catalog.clock_timestamp() else cutover_at end
    where phase = $1
    returning 1
)
select pg_catalog.pg_notify('transhume_command', '') from moved
