-- Large prepared transactions, which come before they are prepared and are applied once they are committed (PostgreSQL's
-- 022 and 023).

-- @servers 15 17
-- @on source
alter database "stream-2pc" set logical_decoding_work_mem = '64kB';
create table t (id int primary key, x text);
create table small (n int);
-- @run --early-from 1B
-- @case prepared, then committed
-- @on source
begin;
insert into t select g, repeat(md5(g::text), 10) from generate_series(1, 3000) g;
update t set x = 'changed' where id % 2 = 0;
delete from t where id % 3 = 0;
prepare transaction 'one of stream-2pc';
insert into small values (1);
-- @equal
-- @rows source
select stream_txns > 0 as came_in_progress from pg_stat_replication_slots join pg_replication_slots using (slot_name) where database = current_database()
--= t
-- @rows
select count(*) from t
--= 0
-- @on source
commit prepared 'one of stream-2pc';
-- @equal
-- @case prepared, then rolled back
-- @on source
begin;
insert into t select g, repeat('never', 50) from generate_series(10001, 13000) g;
prepare transaction 'two of stream-2pc';
insert into small values (2);
rollback prepared 'two of stream-2pc';
insert into small values (3);
-- @equal
-- @case with subtransactions, and a kill between the two
-- @on source
begin;
insert into t select g, repeat('a', 200) from generate_series(20001, 21000) g;
savepoint a;
insert into t select g, repeat('lost', 50) from generate_series(21001, 22000) g;
rollback to a;
insert into t select g, repeat('b', 200) from generate_series(21001, 21500) g;
prepare transaction 'three of stream-2pc';
insert into small values (4);
-- @equal
-- @kill
-- @on source
insert into small values (5);
commit prepared 'three of stream-2pc';
-- @run --early-from 1B
-- @equal
-- @rows
select count(*) from t where id > 20000
--= 1500
-- @case a crash of the source between the two
-- @on source
begin;
insert into t select g, repeat('c', 200) from generate_series(30001, 32000) g;
prepare transaction 'four of stream-2pc';
-- @crash source
-- @on source as later
commit prepared 'four of stream-2pc';
insert into small values (6);
-- @equal
