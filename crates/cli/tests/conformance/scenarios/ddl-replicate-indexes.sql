-- Indexes that are made, renamed and dropped on the source are so on the target; one of the target alone stays.

-- @on source
create table customers (id int primary key, email text, city text);
create table orders (id int primary key, customer int, amount numeric, state text default 'new', note text);
insert into customers select g, 'c' || g || '@example.com', 'Bonn' from generate_series(1, 50) g;
insert into orders select g, 1 + g % 50, g, 'new' from generate_series(1, 200) g;
create index orders_state on orders (state);
create view cheap as select id from orders where amount < 10;
create function twice(n int) returns int language sql immutable as 'select n * 2';
create table parts (id int, region int, v int, primary key (id, region)) partition by list (region);
create table parts_1 partition of parts for values in (1);
-- @run --schema-changes replicate
-- @says announce what alters the schema
-- @equal
-- @on target
create index of_the_target_alone on customers (city);
-- @case indexes made, renamed, dropped
-- @on source
create index orders_customer on orders (customer, amount desc) where state <> 'done';
create index concurrently orders_note on orders using hash (note);
create unique index "Mail" on customers (lower(email)) include (id);
alter index orders_state rename to by_state;
create index parts_v on parts (v);
insert into orders values (1001, 1, 5, 'open');
-- @equal
-- @rows
select count(*) from pg_indexes where indexname = 'of_the_target_alone'
--= 1
-- @on target
drop index of_the_target_alone;
-- @same
-- @on source
drop index by_state;
drop index concurrently orders_note;
insert into orders values (1002, 1, 6, 'open');
-- @equal
-- @same
