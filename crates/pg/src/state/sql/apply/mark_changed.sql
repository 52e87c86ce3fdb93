-- Tables ($1, OIDs on the source) that a batch changes whose last transaction commits at $2. Nothing outside a batch.
insert into transhume.changed_table (source_oid, lsn)
select t.source_oid, $2::text::pg_catalog.pg_lsn
from pg_catalog.unnest($1::oid[]) as t (source_oid)
where pg_catalog.current_setting('transaction_isolation') = 'read committed'
on conflict (source_oid) do update set lsn = excluded.lsn
