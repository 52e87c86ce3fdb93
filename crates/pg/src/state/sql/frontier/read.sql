select lsn::text from transhume.frontier
