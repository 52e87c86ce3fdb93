select lsn::text as lsn, transactions, changes, anchor_lsn::text as anchor_lsn, anchor_xid, anchor_time from transhume.frontier
