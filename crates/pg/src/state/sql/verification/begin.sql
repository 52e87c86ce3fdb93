insert into transhume.verification (lsn) values ($1::text::pg_lsn) returning id
