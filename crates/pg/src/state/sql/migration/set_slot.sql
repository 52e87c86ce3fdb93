update transhume.migration set consistent_point = $1::text::pg_lsn, slot_xid_horizon = $2
