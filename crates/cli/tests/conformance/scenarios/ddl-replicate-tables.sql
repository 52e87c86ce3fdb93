-- Tables that are new join by themselves.

-- @on source
create table customers (id int primary key, email text, city text);
create table orders (id int primary key, customer int, amount numeric, state text default 'new', note text);
insert into customers select g, 'c' || g || '@example.com', 'Bonn' from generate_series(1, 50) g;
insert into orders select g, 1 + g % 50, g, 'new' from generate_series(1, 200) g;
create index orders_state on orders (state);
create view cheap as select id from orders where amount < 10;
create function twice(n int) returns int language sql immutable as 'select n * 2';
-- @run --schema-changes replicate
-- @says announce what alters the schema
-- @equal
-- @case a table that is new
-- @on source
create table lines (id serial primary key, of_order int references orders (id), what text not null);
create index lines_what on lines (what);
insert into lines (of_order, what) values (1, 'a');
-- @says public.lines joined the migration
-- @equal
-- @on source
alter table lines add column n int default 1;
-- Sequences are set at the cutover.
insert into lines (id, of_order, what) values (2, 2, 'b');
-- @equal
-- @same
