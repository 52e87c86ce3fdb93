select lsn::text as lsn, transactions, changes from transhume.frontier
