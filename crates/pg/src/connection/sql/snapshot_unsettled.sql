-- Who still runs a transaction that this transaction's snapshot shows as committed. Read from the lock table, which no snapshot
-- governs; ids in it are the low 32 bits, and of those below the snapshot's end only the nearest can be running.
with shown as (
    select
        pg_catalog.txid_current_snapshot()                                              as snapshot,
        pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())               as xmax
)
select distinct l.pid
from shown s
cross join pg_catalog.pg_locks l
cross join lateral (select (s.xmax - l.transactionid::text::bigint) & 4294967295) as d (before_end)
where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
  and d.before_end between 1 and 2147483648
  and pg_catalog.txid_visible_in_snapshot(s.xmax - d.before_end, s.snapshot)
