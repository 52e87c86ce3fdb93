insert into transhume.verification (lsn, mode, source_snapshot, target_snapshot, settings)
values ($1::text::pg_lsn, $2, $3, $4, $5::text::jsonb) returning id
