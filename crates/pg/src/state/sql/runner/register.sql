-- $1 host, $2 process, $3 the request to end. Who asked a former runner to end has not asked this one: it may be dead by now.
with asked_of_another as (
    update transhume.command
    set state = 'withdrawn'
    where name = $3::text and state in ('requested', 'active')
)
insert into transhume.runner (host, pid, backend_pid)
values ($1, $2, pg_catalog.pg_backend_pid())
on conflict (singleton) do update
set host = excluded.host,
    pid = excluded.pid,
    backend_pid = excluded.backend_pid,
    started_at = excluded.started_at,
    seen_at = excluded.seen_at,
    waiting_for = '',
    source_wal_end = null,
    received_lsn = null,
    slot_retained_bytes = null,
    slot_limit_bytes = null,
    slot_limit_by = '',
    slot_growth = null,
    stands_before = null,
    snapshot_holder = ''
