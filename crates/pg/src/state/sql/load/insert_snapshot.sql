insert into transhume.snapshot (name, snapshot, from_slot, wal_end)
values ($1::text, $2::text::txid_snapshot, $3::boolean, case when $3::boolean then null else $4::text::pg_lsn end)
returning id
