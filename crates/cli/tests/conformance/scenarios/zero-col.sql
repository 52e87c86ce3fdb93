-- Tables without a single column have rows all the same.

-- @on source
create table nothing_at_all ();
insert into nothing_at_all select from generate_series(1, 3);
create table all_dropped (a int, b int);
insert into all_dropped values (1, 2);
alter table all_dropped drop column a, drop column b;
-- @run
-- @case rows are counted
-- @on source
insert into nothing_at_all default values;
insert into nothing_at_all default values;
insert into all_dropped default values;
delete from nothing_at_all where ctid = (select min(ctid) from nothing_at_all);
-- @equal
-- @rows
select (select count(*) from nothing_at_all), (select count(*) from all_dropped)
--= 4|2
-- @case it is emptied
-- @on source
truncate all_dropped;
insert into all_dropped default values;
-- @equal
