-- The samples of the last $1 seconds, the oldest first.
select pg_catalog.date_part('epoch', s.at)::double precision as at,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - s.at)::double precision as age_seconds,
       s.phase,
       pg_catalog.pg_wal_lsn_diff(s.source_wal_end, '0/0')::bigint as source_wal_end,
       pg_catalog.pg_wal_lsn_diff(s.received_lsn, '0/0')::bigint as received,
       pg_catalog.pg_wal_lsn_diff(s.applied_lsn, '0/0')::bigint as applied,
       s.receive_seconds,
       s.apply_seconds,
       s.transactions,
       s.changes,
       s.slot_retained_bytes,
       s.rows_loaded,
       s.bytes_loaded,
       s.load_share
from transhume.sample s
where s.at >= pg_catalog.clock_timestamp() - $1::double precision * interval '1 second'
order by s.at
