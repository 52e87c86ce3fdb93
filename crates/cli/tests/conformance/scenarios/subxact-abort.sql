-- What a savepoint took back is not there; all else of its transaction is.

-- @on source
create table t (id int primary key, x text);
create table log (line text);
-- @run
-- @case inside, before and after
-- @on source
begin;
insert into t values (1, 'before');
savepoint a;
insert into t values (2, 'taken back');
update t set x = 'taken back' where id = 1;
rollback to a;
insert into t values (3, 'after');
commit;
-- @equal
-- @case nested, released and taken back
-- @on source
begin;
savepoint a;
insert into t values (10, 'kept');
savepoint b;
insert into t values (11, 'lost with b');
savepoint c;
insert into t values (12, 'released into b');
release c;
rollback to b;
insert into t values (13, 'kept');
release a;
savepoint d;
delete from t where id = 1;
rollback to d;
commit;
-- @equal
-- @rows
select id from t order by 1
--= 1
--= 3
--= 10
--= 13
-- @case hundreds of caught exceptions
-- @on source
do $$
begin
    for n in 1..300 loop
        begin
            insert into t values (1000 + n, 'loop');
            if n % 3 = 0 then
                raise exception 'back';
            end if;
        exception when raise_exception then
            insert into log values ('caught ' || n);
        end;
    end loop;
end $$;
-- @equal
-- @case a large one, with much of it taken back
-- @on source
begin;
insert into t select g, 'kept' from generate_series(20000, 22000) g;
savepoint a;
insert into t select g, repeat('lost', 100) from generate_series(30000, 34000) g;
rollback to a;
update t set x = 'kept and changed' where id >= 21900;
savepoint b;
delete from t where id >= 21950;
rollback to b;
commit;
-- @equal
-- @case DDL that was taken back, between rows
-- @on source
begin;
insert into t values (50, 'before');
savepoint a;
alter table t add column gone int default 7;
insert into t values (51, 'lost', 8);
rollback to a;
insert into t values (52, 'after');
commit;
-- @equal
