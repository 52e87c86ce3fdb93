-- What belongs to tables, views, functions and whole tables reach the target by themselves where schema changes are replicated.

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
-- @case comments
-- @on source
comment on table orders is 'what they''ve bought';
comment on column orders.state is 'new, open, done';
comment on index orders_customer is 'for the list';
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
-- @case a table that is new, and one that is made anew under its old name
-- @on source
create table lines (id serial primary key, of_order int references orders (id), what text not null);
create index lines_what on lines (what);
insert into lines (of_order, what) values (1, 'a');
-- @says transhume table add public.lines
-- @equal
-- @on source
alter table lines add column n int default 1;
insert into lines (of_order, what) values (2, 'b');
begin;
drop table parts cascade;
create table parts (id int primary key, v text);
insert into parts values (1, 'anew');
commit;
-- @says transhume table add public.parts
-- @equal
-- @same
-- @call abort --yes => 0
