-- Constraints that are made, checked, renamed and dropped on the source are so on the target.

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
-- @case constraints made, checked, renamed, dropped, a key that takes an index
-- @on source
alter table orders add constraint positive check (amount > 0), add constraint known foreign key (customer) references customers (id) on delete cascade not valid;
alter table orders validate constraint known;
alter table orders rename constraint positive to is_positive;
create unique index customers_email on customers (email);
alter table customers add constraint customers_email_key unique using index customers_email deferrable initially deferred;
insert into orders values (1003, 1, 6, 'open');
-- @equal
-- @same
-- @on source
alter table customers drop constraint customers_pkey cascade;
alter table customers add primary key (id);
insert into customers values (1003, 'new', 'Ulm');
-- @equal
-- @same
