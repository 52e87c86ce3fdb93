-- Generated columns are computed on the target, also beside keys and with the whole row as identity.

-- @on source
create table plain (id int primary key, a int, twice int generated always as (a * 2) stored, b text);
create table key_beside (a int, b int, sum int generated always as (a + b) stored, primary key (b, a));
create table whole (a int, low text generated always as (lower(b)) stored, b text);
alter table whole replica identity full;
create table unique_generated (id int primary key, a int, g int generated always as (a % 100) stored unique);
create table key_generated (a int, g int generated always as (a * 10) stored primary key, x text);
insert into plain (id, a) select g, g from generate_series(1, 20) g;
-- @run
-- @case plain
-- @on source
insert into plain (id, a, b) values (100, 7, 'x');
update plain set a = a + 1 where id % 2 = 0;
update plain set b = 'only this' where id = 1;
delete from plain where id = 3;
-- @equal
-- @case beside a key
-- @on source
insert into key_beside (a, b) select g, -g from generate_series(1, 10) g;
update key_beside set a = a + 100 where a < 4;
delete from key_beside where a = 5;
-- @equal
-- @case within the whole row
-- @on source
insert into whole (a, b) values (1, 'ABC'), (1, 'ABC'), (2, null);
update whole set b = 'Def' where ctid = (select min(ctid) from whole where a = 1);
delete from whole where ctid = (select max(ctid) from whole where b = 'ABC');
update whole set a = 3 where b is null;
-- @equal
-- @case unique
-- @on source
insert into unique_generated (id, a) select g, g from generate_series(1, 10) g;
begin;
update unique_generated set a = 50 where id = 1;
update unique_generated set a = 101 where id = 2;
commit;
-- @equal
-- @case the key is generated
-- @on source
insert into key_generated (a, x) select g, 'x' || g from generate_series(1, 10) g;
update key_generated set x = 'changed' where a = 1;
update key_generated set a = 77 where a = 2;
delete from key_generated where a = 3;
-- @equal
