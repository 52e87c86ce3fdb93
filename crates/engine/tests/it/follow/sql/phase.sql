update transhume.migration set phase = 'follow';
insert into transhume.runner (host, pid, backend_pid) values ('test', 1, 1)
