-- Source, target and program are stopped, killed and started again: nothing is lost, nothing doubled.

-- @on source
create table ledger (n int);
create table t (id int primary key, x text);
insert into ledger select generate_series(1, 100);
-- @run
-- @case the program is killed
-- @on source
insert into ledger select generate_series(101, 200);
-- @equal
-- @kill
-- @on source
insert into ledger select generate_series(201, 300);
insert into t values (1, 'while it was dead');
-- @run
-- @equal
-- @case the target crashes
-- @on source
insert into ledger select generate_series(301, 400);
-- @crash target
-- @on source
update t set x = 'after the crash of the target';
-- @equal
-- @case the source crashes, and its slot falls back
-- @on source
checkpoint;
insert into ledger select generate_series(401, 500);
-- @equal
-- @crash source
-- @on source
insert into ledger select generate_series(501, 600);
-- @equal
-- @case both are restarted in good order
-- @restart target
-- @on source
insert into ledger select generate_series(601, 700);
-- @restart source
-- @on source
insert into ledger select generate_series(701, 800);
-- @equal
-- @rows
select count(*), count(distinct n), min(n), max(n) from ledger
--= 800|800|1|800
