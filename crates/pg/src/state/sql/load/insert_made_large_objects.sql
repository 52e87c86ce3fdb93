-- What the cutover made, so that it is known as ours; in the transaction that made it.
insert into transhume.large_object_part (oids, done_at, loader)
values ($1::oid[], pg_catalog.clock_timestamp(), 'cutover')
