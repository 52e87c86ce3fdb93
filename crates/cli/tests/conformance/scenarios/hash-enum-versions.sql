-- Hash partitions of an enum between versions: the old source splits tables by keys, and publishes partitions alone.

-- @servers 13 17
-- @on source
create type kind as enum ('a', 'b', 'c', 'd');
alter type kind add value 'between' before 'c';
create table thing (id int, k kind not null, x int, primary key (id, k)) partition by hash (k);
create table thing_0 partition of thing for values with (modulus 2, remainder 0);
create table thing_1 partition of thing for values with (modulus 2, remainder 1);
insert into thing select g, (enum_range(null::kind))[1 + g % 5], g from generate_series(1, 20000) g;
analyze thing_0, thing_1;
-- @run --part-size 256kB
-- @case moves, keys and a truncate
-- @on source
update thing set k = 'between' where id % 5 = 0;
update thing set x = 0, id = -id where id % 100 = 1;
delete from thing where id % 11 = 0;
-- @equal
-- @on source
truncate thing;
insert into thing values (1, 'between', 1), (2, 'a', 2);
-- @equal
-- @call verify => 0 equal
-- @case the way back goes through the root as well
-- @call cutover --yes => 0
-- @on target as application
update thing set k = 'd', x = 5 where id = 1;
delete from thing where id = 2;
insert into thing values (3, 'between', 3), (4, 'c', 4), (5, 'b', 5);
begin;
update thing set k = 'a' where id = 3;
update thing set id = 30, k = 'b' where id = 3;
commit;
-- @call fallback --yes --override verification => 0
-- @rows source
select id, k, x from thing order by id
--= 1|d|5
--= 4|c|4
--= 5|b|5
--= 30|b|3
