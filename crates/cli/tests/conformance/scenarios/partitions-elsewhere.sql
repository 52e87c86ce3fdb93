-- Partitions come with the table that they belong to, wherever they live.

-- @on source
create schema parts;
create table sale (id int, at int, primary key (id, at)) partition by range (at);
create table parts.sale_1 partition of sale for values from (0) to (10);
create table parts.sale_2 partition of sale for values from (10) to (20) partition by list (id);
create table parts.sale_2_rest partition of parts.sale_2 default;
create table parts.other (id int primary key);
insert into sale select g, g % 20 from generate_series(1, 100) g;
-- @case one that is excluded by name is a blocker that names both
-- @call assess --include public.sale --exclude parts.sale_1 => 1 it is a partition of public.sale
-- @case the others come along
-- @run --include public.sale
-- @on source
insert into sale select g, g % 20 from generate_series(101, 200) g;
delete from sale where id < 50;
-- @equal except parts.other
-- @call verify => 0
-- @on target
-- @rows
select count(*) from sale
--= 151
