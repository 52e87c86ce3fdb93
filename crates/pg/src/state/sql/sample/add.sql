-- One sample from what the state says now; $1 and $2 are the parts of the latency where they are known. The first of a
-- minute thins what is older.
with added as (
    insert into transhume.sample (
        is_kept, phase, source_wal_end, received_lsn, applied_lsn, receive_seconds, apply_seconds,
        transactions, changes, slot_retained_bytes, rows_loaded, bytes_loaded, load_share)
    select not exists (
               select from transhume.sample s
               where s.at >= pg_catalog.date_trunc('minute', pg_catalog.clock_timestamp()) and s.is_kept),
           m.phase,
           r.source_wal_end,
           r.received_lsn,
           case when m.consistent_point is not null then f.lsn end,
           $1::double precision,
           $2::double precision,
           f.transactions,
           f.changes,
           r.slot_retained_bytes,
           coalesce(p.rows_copied, 0),
           coalesce(p.bytes_copied, 0),
           p.share
    from transhume.migration m
    join transhume.frontier f on true
    left join transhume.runner r on true
    cross join (
        select pg_catalog.sum(rows_copied)::bigint as rows_copied,
               pg_catalog.sum(bytes_copied)::bigint as bytes_copied,
               (pg_catalog.sum(bytes) filter (where done_at is not null) / nullif(pg_catalog.sum(bytes), 0))::double precision
                   as share
        from transhume.part
    ) p
    on conflict (at) do nothing
    returning is_kept
)
delete from transhume.sample s
where exists (select from added where is_kept)
  and (s.at < pg_catalog.clock_timestamp() - interval '1 day'
       or not s.is_kept and s.at < pg_catalog.clock_timestamp() - interval '1 hour')
