select f.transactions, f.changes,
       r.host, r.pid, r.waiting_for,
       pg_catalog.to_char(r.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as runner_since,
       r.source_wal_end::text as source_wal_end,
       pg_catalog.to_char(r.measured_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as measured_at,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - r.measured_at)::double precision as measured_age_seconds,
       r.slot_retained_bytes,
       r.slot_limit_bytes,
       coalesce(r.slot_limit_by, '') as slot_limit_by,
       r.slot_growth,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - f.commit_time)::double precision as commit_age_seconds
from transhume.frontier f
left join transhume.runner r on true
