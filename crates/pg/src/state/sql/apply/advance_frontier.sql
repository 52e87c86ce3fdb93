-- $1 new end LSN, $2 commit time in microseconds since 2000 or null, $3 transactions and $4 changes
-- that it covers, $5 the frontier that it starts from, $6 to $8 the anchor or null. Behind a cutover's fence it does not move, nor outside a batch. A frontier that does not
-- move is a division by zero, since a COMMIT may be on its way behind this.
-- While anybody on the target keeps a snapshot, as a verification does, each batch leaves a dead row that no vacuum may take:
-- a session looks first where it left the row, and reads the whole table only where it is not there. A batch that rolls back
-- takes the setting back with it.
with moved as (
update transhume.frontier
set lsn = $1::text::pg_catalog.pg_lsn,
    commit_time = coalesce('2000-01-01 00:00:00+00'::timestamptz + $2::bigint * interval '1 microsecond', commit_time),
    transactions = transactions + $3::bigint,
    changes = changes + $4::bigint,
    anchor_lsn = coalesce($6::text::pg_catalog.pg_lsn, anchor_lsn),
    anchor_xid = coalesce($7::bigint, anchor_xid),
    anchor_time = coalesce($8::bigint, anchor_time),
    updated_at = pg_catalog.clock_timestamp()
where ctid = coalesce(
          (select known.ctid from transhume.frontier known
           where known.ctid = nullif(pg_catalog.current_setting('transhume.frontier_row', true), '')::pg_catalog.tid),
          (select found.ctid from transhume.frontier found))
  and lsn = $5::text::pg_catalog.pg_lsn
  and not is_fenced
  and pg_catalog.current_setting('transaction_isolation') = 'read committed'
returning ctid
)
select 1 / (pg_catalog.count(*) = 1)::integer,
       pg_catalog.set_config('transhume.frontier_row', coalesce(pg_catalog.max(ctid::text), ''), false)
from moved
