insert into transhume.snapshot (name, snapshot, from_slot)
values ($1::text, $2::text::txid_snapshot, $3::boolean)
returning id
