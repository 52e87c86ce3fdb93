-- Large transactions that come before their commit find no room: from then on the source keeps them, and nothing is lost.

-- @on source
alter database "stream-room" set logical_decoding_work_mem = '64kB';
create table big (id int primary key, x text);
create table small (n int);
-- @run --spill-limit 100kB
-- @case more than there may be
-- @on source as large
begin;
insert into big select g, repeat(md5(g::text), 20) from generate_series(1, 3000) g;
-- @says take more than follow.spill_limit
-- @on source
insert into small values (1);
-- @equal
-- @on source as large
delete from big where id % 3 = 0;
commit;
-- @equal
-- @case a directory that is not there
-- @kill
-- @run --spill-directory /nowhere/at/all
-- @on source as large
begin;
insert into big select g, repeat(md5(g::text), 20) from generate_series(10001, 13000) g;
-- @says cannot be kept in /nowhere/at/all
-- @on source as large
commit;
-- @equal
