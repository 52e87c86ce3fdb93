-- TRUNCATE of partitioned tables that foreign keys tie together: the stream names the partitions, the server asks for the roots.

-- @on source
create table orders (id int primary key) partition by range (id);
create table orders_1 partition of orders for values from (0) to (100);
create table orders_2 partition of orders for values from (100) to (200) partition by range (id);
create table orders_2a partition of orders_2 for values from (100) to (150);
create table orders_2b partition of orders_2 for values from (150) to (200);
create table items (id int primary key, order_id int references orders) partition by hash (id);
create table items_0 partition of items for values with (modulus 2, remainder 0);
create table items_1 partition of items for values with (modulus 2, remainder 1);
create table tree (id int primary key, parent int references tree) partition by range (id);
create table tree_1 partition of tree for values from (0) to (10);
create table tree_2 partition of tree for values from (10) to (20);
create table one_leaf (id int primary key, parent int references one_leaf) partition by range (id);
create table one_leaf_1 partition of one_leaf for values from (0) to (100);
create table alone (id int primary key) partition by range (id);
create table alone_1 partition of alone for values from (0) to (10);
create table alone_2 partition of alone for values from (10) to (20);
create table plain (id int primary key, order_id int references orders);
insert into orders select generate_series(1, 199);
insert into items select g, g from generate_series(1, 199) g;
insert into tree values (1, null), (11, 1), (2, 11);
insert into one_leaf values (1, null), (2, 1);
insert into alone values (1), (11);
insert into plain values (1, 1);
-- @run
-- @case both ends of a key between partitioned tables
-- @on source
truncate orders, items, plain;
insert into orders values (5), (160);
insert into items values (1, 5), (2, 160);
-- @equal
-- @case a tree that refers to itself
-- @on source
truncate tree;
insert into tree values (3, null);
truncate one_leaf;
insert into one_leaf values (9, null);
-- @equal
-- @case one partition alone
-- @on source
truncate alone_1;
-- @equal
-- @rows
select id from alone
--= 11
-- @case cascade from a part of a tree empties the whole of what refers to it
-- @on source
truncate orders_2 cascade;
-- @equal
-- @rows
select id from orders
--= 5
-- @case rows before and after it in one transaction
-- @on source
begin;
insert into orders values (7);
insert into items values (7, 7);
truncate items, orders cascade;
insert into orders values (8);
insert into items values (8, 8);
commit;
-- @equal
-- @case a partition that only the target has is not emptied silently
-- @on target
create table tree_3 partition of tree for values from (20) to (30);
insert into tree values (25, null);
-- @on source
truncate tree;
-- @stops tree
-- @rows
select id from tree where id > 20
--= 25
-- @on target
alter table tree detach partition tree_3;
drop table tree_3;
-- @run
-- @equal
