update transhume.frontier set lsn = $1::text::pg_lsn
