-- $1 new end LSN, $2 commit time in microseconds since 2000 or null, $3 transactions and $4 changes
-- that it covers, $5 the frontier that it starts from, $6 to $8 the anchor or null. Behind a cutover's fence it does not move, nor outside a batch. A frontier that does not
-- move is a division by zero, since a COMMIT may be on its way behind this.
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
where lsn = $5::text::pg_catalog.pg_lsn
  and not is_fenced
  and pg_catalog.current_setting('transaction_isolation') = 'read committed'
returning 1
)
select 1 / (pg_catalog.count(*) = 1)::integer from moved
