-- Partitions are followed each by itself: of every kind, nested, default, with columns in an order of their own.

-- @on source
create table sale (id int, region text, at date, amount int, primary key (id, region)) partition by list (region);
create table sale_north partition of sale for values in ('n', 'nn');
create table sale_south partition of sale for values in ('s') partition by range (id);
create table sale_south_low partition of sale_south for values from (minvalue) to (100);
create table sale_south_high (amount int, at date, dropped text, id int not null, region text not null);
alter table sale_south_high drop column dropped;
alter table sale_south attach partition sale_south_high for values from (100) to (maxvalue);
create table sale_rest partition of sale default;
insert into sale select g, (array['n', 's', 'e'])[1 + g % 3], date '2024-01-01' + g, g from generate_series(1, 200) g;
-- @run
-- @case through the root and directly
-- @on source
insert into sale values (1000, 'nn', null, 1), (1001, 's', null, 1), (1002, 'x', null, 1);
insert into sale_south_high (id, region, amount) values (1003, 's', 2);
update sale set amount = amount + 1 where id % 2 = 0;
update sale_north set amount = 0 where id % 3 = 0;
delete from sale where id % 17 = 0;
delete from sale_rest where id = 1002;
-- @equal
-- @case truncates of a leaf and of a branch
-- @on source
truncate sale_rest;
insert into sale values (2000, 'z', null, 1);
truncate sale_south;
insert into sale values (2001, 's', null, 1);
-- @equal
-- @case all of it
-- @on source
truncate sale;
insert into sale values (1, 'n', null, 1), (1, 's', null, 1);
-- @equal
