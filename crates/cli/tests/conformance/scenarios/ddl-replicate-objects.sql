-- Comments, functions, views, triggers and policies reach the target by themselves.

-- @on source
create table customers (id int primary key, email text, city text);
create table orders (id int primary key, customer int, amount numeric constraint is_positive check (amount > 0), state text default 'new', note text);
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
-- @case comments
-- @on source
comment on table orders is 'what they''ve bought';
comment on column orders.state is 'new, open, done';
comment on index orders_state is 'for the list';
comment on function twice(int) is 'double';
comment on constraint is_positive on orders is 'no gifts';
insert into orders values (1004, 1, 6, 'open');
-- @equal
-- @same
-- @on source
comment on column orders.state is null;
insert into orders values (1005, 1, 6, 'open');
-- @equal
-- @same
-- @case functions, views, triggers, policies
-- @on source
create or replace function twice(n int) returns int language sql immutable as 'select n + n';
create function stamp() returns trigger language plpgsql as $$ begin new.note := 'stamped'; return new; end $$;
create trigger stamp before insert on orders for each row execute function stamp();
create or replace view cheap as select id, amount from orders where amount < 20;
create view safe with (security_barrier) as select id from customers;
create policy own on orders for select to public using (customer = 1);
alter table orders enable row level security;
insert into orders values (1006, 1, 6, 'open');
-- @equal
-- @same
-- @on source
alter trigger stamp on orders rename to stamps;
alter table orders disable trigger stamps;
alter policy own on orders using (customer = 2);
alter policy own on orders rename to mine;
drop view safe;
insert into orders values (1007, 1, 6, 'open');
-- @equal
-- @same
-- @on source
drop trigger stamps on orders;
drop policy mine on orders;
alter table orders disable row level security;
drop function stamp();
drop view cheap;
insert into orders values (1008, 1, 6, 'open');
-- @equal
-- @same
