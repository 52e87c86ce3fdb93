-- Large transactions come before their commit (PostgreSQL's 015): alone, between small ones, several at once, in vain.

-- @on source
alter database "stream-basic" set logical_decoding_work_mem = '64kB';
create table big (id int primary key, x text, y bytea);
create table other (id int primary key, x text);
create table small (n int);
create table toasted (id int primary key, n int, body text);
alter table toasted alter column body set storage external;
insert into big values (1, 'foo', null), (2, 'bar', null);
-- @run --early-from 1B
-- @case inserts, updates and deletes of one
-- @on source
begin;
insert into big select g, md5(g::text), decode(repeat('00ff', 50), 'hex') from generate_series(3, 5000) g;
update big set x = md5(id::text) where mod(id, 2) = 0;
delete from big where mod(id, 3) = 0;
commit;
-- @equal
-- @rows source
select stream_txns > 0 as came_in_progress from pg_stat_replication_slots join pg_replication_slots using (slot_name) where database = current_database()
--= t
-- @case two large ones and many small ones
-- @on source as first
begin;
insert into big select g, repeat(md5(g::text), 10) from generate_series(10001, 13000) g;
-- @on source as second
begin;
insert into other select g, repeat(md5(g::text), 10) from generate_series(1, 3000) g;
-- @on source
insert into small select generate_series(1, 100);
update small set n = -n where n % 2 = 0;
-- @equal
-- @on source as first
update big set x = 'by the first' where id % 5 = 0;
-- @on source as second
delete from other where id % 2 = 0;
commit;
-- @on source
insert into small values (101);
-- @equal
-- @rows
select count(*) from big where id > 10000
--= 0
-- @on source as first
update other set x = 'by the first' where id = 1;
commit;
-- @equal
-- @case a table that is emptied in the middle
-- @on source
begin;
insert into other select g, repeat('before', 50) from generate_series(10000, 12000) g;
truncate other;
insert into other select g, repeat('behind', 50) from generate_series(20000, 22000) g;
commit;
-- @equal
-- @case values that were not sent, and keys that change
-- @on source
insert into toasted select g, g, repeat(md5(g::text), 200) from generate_series(1, 50) g;
begin;
update toasted set n = -n;
update toasted set id = id + 100 where id % 2 = 0;
insert into big select g, 'key' from generate_series(30001, 32000) g;
update big set id = id + 100000 where id between 30001 and 31000;
update big set x = repeat('z', 300) where id > 100000;
commit;
-- @equal
-- @case messages of others within
-- @on source
begin;
select pg_logical_emit_message(true, 'app', repeat('inside', 20000));
insert into big select g, repeat('m', 200) from generate_series(40001, 41000) g;
select pg_logical_emit_message(false, 'app', 'at once');
select pg_logical_emit_message(true, 'transhume', 'drop table big');
commit;
-- @equal
-- @case rolled back as a whole
-- @on source
begin;
insert into big select g, repeat('in vain', 50) from generate_series(50001, 53000) g;
rollback;
insert into small values (102);
-- @equal
