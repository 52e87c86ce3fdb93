-- Changes of the schema within large transactions that come before their commit, kept and taken back (PostgreSQL's 017
-- and 019).

-- @on source
alter database "stream-ddl" set logical_decoding_work_mem = '64kB';
create table t (a int primary key, b varchar);
create table other (n int);
insert into t values (1, 'foo'), (2, 'bar');
-- @run --early-from 1B
-- @case a column within a small one, behind a large one
-- @on source
begin;
insert into t select g, repeat(md5(g::text), 10) from generate_series(3, 2000) g;
alter table t add column c int;
insert into t select g, repeat(md5(g::text), 10), -g from generate_series(2001, 4000) g;
alter table t add column d text;
commit;
insert into other values (1);
-- @says column c
-- @on target
alter table t add column if not exists c int, add column if not exists d text;
-- @equal
-- @rows source
select stream_txns > 0 as came_in_progress from pg_stat_replication_slots join pg_replication_slots using (slot_name) where database = current_database()
--= t
-- @case columns between savepoints, which the target has already
-- @on target
alter table t add column e int, add column f int;
-- @on source
begin;
insert into t select g, repeat('x', 300), -g, 'd' from generate_series(5001, 6000) g;
alter table t add column e int;
savepoint s1;
insert into t select g, repeat('x', 300), -g, 'd', g from generate_series(6001, 7000) g;
alter table t add column f int;
savepoint s2;
update t set f = a where a > 6500;
commit;
-- @equal
-- @case a column that was taken back, with rows that have it and rows that do not
-- @on source
begin;
insert into t (a, b) select g, repeat('y', 300) from generate_series(10001, 11000) g;
savepoint s1;
alter table t add column gone int;
insert into t (a, b, gone) select g, repeat('lost', 80), g from generate_series(11001, 12000) g;
savepoint s2;
alter table t drop column gone;
insert into t (a, b) select g, repeat('lost', 80) from generate_series(12001, 13000) g;
rollback to s1;
insert into t (a, b) select g, repeat('z', 300) from generate_series(13001, 14000) g;
commit;
insert into other values (2);
-- @equal
-- @rows
select count(*) from t where a > 10000
--= 2000
-- @case another identity from the middle on
-- @on source
begin;
insert into t (a, b) select g, repeat('i', 300) from generate_series(20001, 21000) g;
alter table t replica identity full;
update t set b = 'by its whole row' where a > 20500;
delete from t where a between 20101 and 20200;
commit;
update t set b = 'afterwards' where a = 1;
-- @equal
-- @case a table of the transaction's own
-- @on source
begin;
create temporary table mine as select g, repeat('t', 300) as x from generate_series(1, 3000) g;
insert into t (a, b) select g + 30000, x from mine;
drop table mine;
commit;
-- @equal
