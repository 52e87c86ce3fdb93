-- The target was changed by somebody: it stops, names the row, and goes on once that is mended. Nothing is skipped.

-- @on source
create table t (id int primary key, x text);
insert into t values (1, 'one'), (2, 'two'), (3, 'three');
create table unique_x (id int primary key, code text unique);
-- @run
-- @equal
-- @case a row to update is missing
-- @on target
delete from t where id = 1;
-- @on source
begin;
insert into t values (10, 'in the same transaction');
update t set x = 'changed' where id = 1;
commit;
-- @stops public.t
-- @rows
select count(*) from t where id = 10
--= 0
-- @on target
insert into t values (1, 'one');
-- @run
-- @equal
-- @case a row to insert is there already
-- @on target
insert into t values (20, 'from nowhere');
-- @on source
insert into t values (20, 'from the source');
-- @stops public.t
-- @on target
delete from t where id = 20;
-- @run
-- @equal
-- @case a row to delete is missing
-- @on target
delete from t where id = 2;
-- @on source
delete from t where id = 2;
-- @stops public.t
-- @on target
insert into t values (2, 'two');
-- @run
-- @equal
-- @case another unique value is taken
-- @on target
insert into unique_x values (99, 'taken');
-- @on source
insert into unique_x values (1, 'taken');
-- @stops unique_x
-- @on target
delete from unique_x where id = 99;
-- @run
-- @equal
