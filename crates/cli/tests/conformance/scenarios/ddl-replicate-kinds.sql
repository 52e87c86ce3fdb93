-- What has a name on the source is dropped, and something of another kind takes the name.

-- @on source
create table parts (id int, region int, v int, primary key (id, region)) partition by list (region);
create table parts_1 partition of parts for values in (1);
create table parts_2 partition of parts for values in (2) partition by range (id);
create table parts_2_low partition of parts_2 for values from (0) to (100);
insert into parts select g, 1 + g % 2, g from generate_series(1, 50) g;
create table log (id int primary key, what text);
insert into log select g, 'l' || g from generate_series(1, 20) g;
create view short as select id from log where id < 10;
create view joined as select id from parts;
create table kept (id int primary key);
-- @run --schema-changes replicate
-- @says announce what alters the schema
-- @equal
-- @case a tree of partitions becomes a plain table
-- @on source
drop view joined;
drop table parts;
create table parts (id int primary key, v text);
insert into parts select g, 'p' || g from generate_series(1, 30) g;
-- @says public.parts joined the migration
-- @equal
-- @same
-- @on source
update parts set v = 'q' where id < 5;
alter table parts add column n int;
insert into parts values (31, 'r', 1);
-- @equal
-- @same
-- @case a view becomes a table
-- @on source
drop view short;
create table short (id int primary key);
insert into short values (1), (2);
-- @says public.short joined the migration
-- @equal
-- @same
-- @case a table becomes a view
-- @on source
drop table short;
create view short as select id from kept;
insert into kept values (2);
-- @equal
-- @same
-- @case what the target refuses is told with its statement, until it is carried
-- @on target
create function clash(n int) returns text language sql immutable as 'select n::text';
-- @on source
create function clash(n int) returns int language sql immutable as 'select n';
insert into kept values (10);
-- @equal
-- @call status => 0 CREATE OR REPLACE FUNCTION public.clash
-- @on target
drop function clash(int);
-- @on source
create or replace function clash(n int) returns int language sql immutable as 'select n + 1';
insert into kept values (11);
-- @equal
-- @same
-- @rows
select count(*) from transhume.finding where code = 'schema-change-refused'
--= 0
