-- From 18 on a server refuses the application's changes of a table that is published by whole rows and has a generated column.
-- @servers 18 18

-- @on source
create table keyed (id int primary key, twice int generated always as (id * 2) stored, half int generated always as (id / 2) virtual);
create table keyless (n int, twice int generated always as (n * 2) stored);
insert into keyed values (1);
insert into keyless values (1);
-- @case it is told before anything is made, and the table can be left out
-- @call assess => 1 refuse UPDATE and DELETE
-- @run --exclude public.keyless
-- @case the application writes on, to both
-- @on source
update keyed set id = 2;
update keyless set n = 2;
-- @call verify => 0
-- @rows
select id::text || twice from keyed
--= 24
