-- The target is not quite as the source: more columns, another order, wider types.

-- @on source
create table t (id int primary key, a int, b text);
insert into t values (1, 1, 'one');
create table u (id int primary key, a int);
-- @run --carry-over enum-labels
-- @equal
-- @case columns more on the target keep their defaults
-- @on target
alter table t add column extra int default 7, add column stamp timestamptz default now();
-- @on source
insert into t values (2, 2, 'two');
update t set b = 'changed' where id = 1;
-- @equal except public.t
-- @case a wider type takes what a narrower one gives
-- @on target
alter table t alter a type bigint;
-- @on source
insert into t values (3, 3, 'three');
-- @equal except public.t
-- @rows
select id, a, b, extra from t order by 1
--= 1|1|changed|7
--= 2|2|two|7
--= 3|3|three|7
-- @case a column is missing on the target: held with the statement, and it goes on once that was run
-- @on source
alter table u add column late text;
insert into u values (1, 1, 'held');
-- @says late
-- @on target
alter table u add column late text;
-- @equal except public.t
-- @rows
select id, late from u
--= 1|held
