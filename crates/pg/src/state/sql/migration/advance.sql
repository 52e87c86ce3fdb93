update transhume.migration
set phase = $2,
    phase_since = pg_catalog.clock_timestamp(),
    cutover_at = case when $2 = 'done' then pg_catalog.clock_timestamp() else cutover_at end
where phase = $1
