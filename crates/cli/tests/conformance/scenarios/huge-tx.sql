-- One transaction of very many changes, of several tables, and values of many megabytes.

-- @on source
create table many (id int primary key, x int);
create table ledger (n int);
create table blob (id int primary key, body text);
-- @run
-- @case sixty thousand changes
-- @on source
begin;
insert into many select g, 0 from generate_series(1, 30000) g;
insert into ledger select generate_series(1, 5000);
update many set x = id where id % 2 = 0;
delete from many where id % 3 = 0;
update many set id = id + 100000 where id <= 2000;
commit;
-- @equal
-- @case a value of 20 megabytes, and its neighbour changes
-- @on source
insert into blob values (1, repeat('0123456789', 2000000));
update blob set id = 2;
-- @equal
-- @rows
select id, length(body) from blob
--= 2|20000000
