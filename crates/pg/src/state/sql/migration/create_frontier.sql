insert into transhume.frontier (lsn) values ('0/0')
