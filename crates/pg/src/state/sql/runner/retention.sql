-- What the slot keeps on the source; gives the table that the stream stands still for, and whether a session that applies ($5) has
-- begun or ended a statement within $6 seconds.
update transhume.runner
set slot_retained_bytes = $1::bigint,
    slot_limit_bytes = $2::bigint,
    slot_limit_by = $3::text,
    slot_growth = $4::bigint
returning stands_before,
    exists (
        select
        from pg_catalog.pg_stat_activity a
        where a.application_name = any ($5::text[])
          and a.usename = current_user
          and a.state_change > pg_catalog.clock_timestamp()
                               - pg_catalog.make_interval(secs => $6::double precision)
    ) as is_applying
