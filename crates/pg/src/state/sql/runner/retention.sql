-- What the slot keeps on the source; gives the table that the stream stands still for.
update transhume.runner
set slot_retained_bytes = $1::bigint,
    slot_limit_bytes = $2::bigint,
    slot_limit_by = $3::text,
    slot_growth = $4::bigint
returning stands_before
