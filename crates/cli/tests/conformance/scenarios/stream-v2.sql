-- Large transactions on the newest server, where they may be sent while in progress.
-- @servers 18 18

-- @on source
alter system set logical_decoding_work_mem = '64kB';
select pg_reload_conf();
create table big (id int primary key, x text);
create table small (n int);
-- @run
-- @case interleaved, with savepoints taken back on the way
-- @on source as large
begin;
insert into big select g, repeat(md5(g::text), 20) from generate_series(1, 3000) g;
savepoint a;
insert into big select g, 'lost' from generate_series(4000, 6000) g;
-- @on source
insert into small select generate_series(1, 10);
-- @on source as large
rollback to a;
insert into big select g, 'kept' from generate_series(4000, 4100) g;
savepoint b;
update big set x = 'changed' where id % 3 = 0;
release b;
-- @on source
insert into small values (11);
-- @equal
-- @on source as large
commit;
-- @equal
-- @rows
select count(*), count(*) filter (where x = 'kept') from big
--= 3101|68
-- @rows source
select stream_txns > 0 as came_in_progress from pg_stat_replication_slots join pg_replication_slots using (slot_name) where database = current_database()
--= t
-- @case one that ends in vain
-- @on source as large
begin;
insert into big select g, repeat('x', 500) from generate_series(20001, 24000) g;
rollback;
insert into small values (12);
-- @equal
-- @case killed in the middle of one
-- @on source as large
begin;
insert into big select g, repeat(md5(g::text), 20) from generate_series(30001, 33000) g;
-- @on source
insert into small values (13);
-- @equal
-- @kill
-- @on source as large
update big set x = 'after the kill' where id = 30001;
commit;
-- @run
-- @equal
