-- The runner hears of it at once; the row is what counts. Going back to following lets the frontier move again.
with moved as (
    update transhume.migration
    set phase = $2,
        phase_since = pg_catalog.clock_timestamp(),
        cutover_at = case when $2 = 'done' then pg_catalog.clock_timestamp() else cutover_at end
    where phase = $1
    returning 1
), unfenced as (
    update transhume.frontier
    set is_fenced = false
    where is_fenced and $2 = 'follow' and exists (select from moved)
)
select pg_catalog.pg_notify('transhume_command', '') from moved
