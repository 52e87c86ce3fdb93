-- Transactions larger than the decoder's memory, sent whole at their commit where no room is given to them before,
-- between small ones.

-- @on source
alter database "stream-v1" set logical_decoding_work_mem = '64kB';
create table big (id int primary key, x text);
create table small (n int);
-- @run --spill-limit 0B
-- @case large and small ones interleaved
-- @on source as large
begin;
insert into big select g, repeat(md5(g::text), 20) from generate_series(1, 3000) g;
-- @on source
insert into small select generate_series(1, 10);
-- @on source as large
update big set x = 'changed' where id % 3 = 0;
-- @on source
insert into small values (11);
-- @on source as large
delete from big where id % 7 = 0;
commit;
-- @equal
-- @case two large ones at once, one of them in vain
-- @on source as large
begin;
insert into big select g, repeat(md5(g::text), 20) from generate_series(10001, 12000) g;
-- @on source as vain
begin;
insert into big select g, repeat(md5(g::text), 20) from generate_series(20001, 22000) g;
-- @on source as large
update big set x = 'late' where id > 11900;
-- @on source as vain
rollback;
-- @on source as large
commit;
-- @equal
-- @rows source
select stream_txns from pg_stat_replication_slots join pg_replication_slots using (slot_name) where database = current_database()
--= 0
