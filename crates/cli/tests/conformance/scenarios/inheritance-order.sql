-- Inherited tables have rows of their own, and columns in an order of their own.

-- @on source
create table base (id int primary key, name text, x int);
create table heir (extra text, x int, name text, id int primary key);
alter table heir inherit base;
create table grandchild (more int, primary key (id)) inherits (heir);
create table two_parents (other text);
create table of_two (primary key (id)) inherits (base, two_parents);
insert into base select g, 'base', g from generate_series(1, 10) g;
insert into heir (id, name, x) select g, 'heir', g from generate_series(1, 10) g;
-- @run
-- @case changes through the parent and of one table only
-- @on source
insert into base values (100, 'b', 1);
insert into heir values ('e', 2, 'h', 100);
insert into grandchild (id, more) values (100, 3);
insert into of_two (id, other) values (100, 'o');
update base set x = x + 1;
update only base set name = 'only' where id < 5;
delete from only base where id = 6;
delete from heir where id = 7;
-- @equal
-- @case truncates
-- @on source
truncate only base;
insert into base values (1, 'after', 1);
truncate heir;
insert into grandchild (id) values (9);
-- @equal
-- @rows
select (select count(*) from only base), (select count(*) from only heir), (select count(*) from grandchild)
--= 1|0|1
