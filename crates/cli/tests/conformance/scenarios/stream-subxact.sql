-- Subtransactions of large transactions that come before their commit (PostgreSQL's 016 and 018): released, nested,
-- rolled back before and after they were sent, alone and with all that was released into them.

-- @on source
alter database "stream-subxact" set logical_decoding_work_mem = '64kB';
create table t (id int primary key, x text);
create table log (n int);
insert into t values (1, 'foo'), (2, 'bar');
-- @run --early-from 1B
-- @case all of them are released
-- @on source
begin;
insert into t select g, repeat(md5(g::text), 10) from generate_series(3, 500) g;
update t set x = repeat('1', 300) where mod(id, 2) = 0;
delete from t where mod(id, 3) = 0;
savepoint s1;
insert into t select g, repeat(md5(g::text), 10) from generate_series(501, 1000) g;
update t set x = repeat('2', 300) where mod(id, 2) = 0;
delete from t where mod(id, 3) = 0;
savepoint s2;
insert into t select g, repeat(md5(g::text), 10) from generate_series(1001, 1500) g;
update t set x = repeat('3', 300) where mod(id, 2) = 0;
delete from t where mod(id, 3) = 0;
savepoint s3;
insert into t select g, repeat(md5(g::text), 10) from generate_series(1501, 2000) g;
savepoint s4;
delete from t where mod(id, 5) = 0;
commit;
-- @equal
-- @rows source
select stream_txns > 0 as came_in_progress from pg_stat_replication_slots join pg_replication_slots using (slot_name) where database = current_database()
--= t
-- @case rolled back one after the other
-- @on source
begin;
insert into t select g, repeat('a', 300) from generate_series(3001, 3500) g;
savepoint s1;
insert into t select g, repeat('b', 300) from generate_series(3501, 4000) g;
savepoint s2;
insert into t select g, repeat('c', 300) from generate_series(4001, 4500) g;
savepoint s3;
insert into t select g, repeat('d', 300) from generate_series(4501, 5000) g;
rollback to s2;
insert into t select g, repeat('e', 300) from generate_series(5001, 5500) g;
rollback to s1;
insert into t select g, repeat('f', 300) from generate_series(5501, 6000) g;
savepoint s4;
insert into t select g, repeat('g', 300) from generate_series(6001, 6500) g;
savepoint s5;
insert into t select g, repeat('h', 300) from generate_series(6501, 7000) g;
commit;
-- @equal
-- @rows
select min(id), max(id), count(*) from t where id > 3000
--= 3001|7000|2000
-- @case released into one that is rolled back
-- @on source
begin;
insert into t values (10000, 'kept');
savepoint a;
savepoint b;
insert into t select g, repeat('b', 300) from generate_series(10001, 10500) g;
release b;
savepoint c;
insert into t select g, repeat('c', 300) from generate_series(10501, 11000) g;
savepoint d;
insert into t select g, repeat('d', 300) from generate_series(11001, 11500) g;
release d;
release c;
rollback to a;
insert into t values (10001, 'kept');
commit;
-- @equal
-- @case nothing but subtransactions, most of them in vain
-- @on source
do $$
begin
    for n in 1..2000 loop
        begin
            insert into t values (20000 + n, repeat('loop', 60));
            if n % 3 > 0 then
                raise exception 'back';
            end if;
        exception when raise_exception then
            if n % 100 = 0 then
                insert into log values (n);
            end if;
        end;
    end loop;
end $$;
-- @equal
-- @rows
select count(*) from t where id > 20000
--= 666
-- @case the whole is rolled back, with what was released into it
-- @on source
begin;
savepoint a;
insert into t select g, repeat('a', 300) from generate_series(30001, 31000) g;
release a;
delete from t where id < 5000;
savepoint b;
update t set x = 'in vain';
rollback;
insert into log values (-1);
-- @equal
-- @case a cursor that reads over a subtransaction of each row
-- @on source
begin;
insert into t select g, repeat('p', 300) from generate_series(40001, 42000) g;
do $$
declare
    found record;
begin
    for found in select id from t where id > 40000 loop
        begin
            update t set x = repeat('q', 200) where id = found.id;
            if found.id % 4 = 0 then
                raise exception 'back';
            end if;
        exception when raise_exception then
            null;
        end;
    end loop;
end $$;
commit;
-- @equal
