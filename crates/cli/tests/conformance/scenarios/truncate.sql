-- TRUNCATE of one and several tables, over foreign keys, with sequences, within transactions.

-- @on source
create table plain (id int primary key);
create table a (id int primary key);
create table b (id int primary key, a_id int references a);
create table c (id int primary key, b_id int references b);
create table counted (id serial primary key, x int);
insert into plain select generate_series(1, 100);
insert into a select generate_series(1, 10);
insert into b select g, g from generate_series(1, 10) g;
insert into c select g, g from generate_series(1, 10) g;
insert into counted (x) select g from generate_series(1, 10) g;
-- @run
-- @case one table, and rows after it
-- @on source
truncate plain;
insert into plain values (1);
-- @equal
-- @case twice, with rows between, in one transaction
-- @on source
begin;
insert into plain values (50);
truncate plain;
insert into plain values (1), (2);
update plain set id = 20 where id = 2;
truncate plain;
insert into plain values (3);
delete from plain where id = 3;
insert into plain values (1);
commit;
-- @equal
-- @rows
select id from plain
--= 1
-- @case several at once, tied by foreign keys
-- @on source
truncate c, b;
insert into b values (1, 1);
-- @equal
-- @case cascade
-- @on source
truncate a cascade;
insert into a values (1);
insert into b values (1, 1);
-- @equal
-- @case a rolled back one
-- @on source
begin;
truncate a, b, c, plain;
rollback;
-- @equal
-- @case and the sequence starts again
-- @on source
truncate counted restart identity;
insert into counted (x) values (5), (6);
-- @equal
-- @rows
select id, x from counted order by 1
--= 1|5
--= 2|6
-- @case an outsider on the target that refers to it is not emptied silently
-- @on target
create table outsider (a_id int references a);
insert into outsider values (1);
-- @on source
truncate a cascade;
-- @stops Table "outsider" references "a".
-- @rows
select a_id from outsider
--= 1
-- @on target
drop table outsider;
-- @run
-- @equal
