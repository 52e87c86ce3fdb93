-- The primary key identifies the row: alone, of several columns, last in the table, with included columns.

-- @on source
create table plain (id int primary key, x int);
create table of_three (a int, b text, c date, x int, primary key (c, a, b));
create table key_last (x text, y text, id uuid primary key default gen_random_uuid());
create table with_included (id int, x int, y int, primary key (id) include (x));
create table only_key (a int, b int, primary key (a, b));
-- @run
-- @case updates and deletes by key
-- @on source
insert into plain select g, g from generate_series(1, 50) g;
update plain set x = -x where id % 2 = 0;
delete from plain where id % 5 = 0;
insert into of_three select g % 3, 'b' || g, date '2024-01-01' + g, g from generate_series(1, 30) g;
update of_three set x = x * 2 where a = 1;
delete from of_three where a = 2;
insert into key_last (x) select 'x' || g from generate_series(1, 10) g;
update key_last set y = 'y';
insert into with_included values (1, 1, 1), (2, 2, 2);
update with_included set x = 9 where id = 1;
update with_included set y = 9 where id = 2;
delete from with_included where id = 2;
insert into only_key select g, -g from generate_series(1, 10) g;
update only_key set b = b where a = 1;
update only_key set b = 100 where a = 2;
delete from only_key where a = 3;
-- @equal

-- @case a column is dropped before the key is used
-- @on source
create table holes (gone int, id int primary key, also_gone text, x int);
alter table holes drop column gone, drop column also_gone;
-- @kill
-- @call abort --yes => 0
-- @run
-- @on source
insert into holes values (1, 1), (2, 2);
update holes set x = 5 where id = 1;
delete from holes where id = 2;
-- @equal
