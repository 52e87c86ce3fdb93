-- Prepared transactions arrive when they are committed, whole, wherever the run was restarted in between.

-- @on source
create table t (id int primary key, x text);
create table ledger (n int);
-- @run
-- @case prepared, then committed
-- @on source
begin;
insert into t values (1, 'prepared');
insert into ledger values (1);
prepare transaction 'one in conformance';
insert into t values (2, 'meanwhile');
-- @equal
-- @rows
select id from t
--= 2
-- @on source
commit prepared 'one in conformance';
-- @equal
-- @case rolled back
-- @on source
begin;
insert into t values (3, 'never');
prepare transaction 'two in conformance';
rollback prepared 'two in conformance';
-- @equal
-- @case the program is killed between the two
-- @on source
begin;
insert into t values (4, 'over a kill');
update t set x = 'changed' where id = 1;
prepare transaction 'three in conformance';
insert into ledger values (2);
-- @equal
-- @kill
-- @on source
insert into ledger values (3);
commit prepared 'three in conformance';
insert into ledger values (4);
-- @run
-- @equal
-- @rows
select n, count(*) from ledger group by 1 order by 1
--= 1|1
--= 2|1
--= 3|1
--= 4|1
-- @case a name that needs quotes
-- @on source
begin;
insert into ledger values (5);
prepare transaction 'it''s "four" in conformance';
commit prepared 'it''s "four" in conformance';
-- @equal
