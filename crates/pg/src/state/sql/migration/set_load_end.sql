update transhume.migration set load_end_lsn = $1::text::pg_lsn where load_end_lsn is null
