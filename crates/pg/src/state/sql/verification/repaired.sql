update transhume.verification_row set repaired_at = pg_catalog.clock_timestamp() where id = any ($1::bigint[])
