-- Rows that do not fulfil a key: everything else goes on, the key is told, repaired on the source and made at the next look.
-- A check that rows no longer fulfil stays as it is, and is told.

-- @on source
create table item (id int primary key, x text);
create table line (n int primary key, item_id int);
insert into item select g, 'x' from generate_series(1, 20) g;
insert into line select g, g from generate_series(1, 30) g;
alter table line add constraint line_item foreign key (item_id) references item not valid;
update pg_constraint set convalidated = true where conname = 'line_item';
create function holds(int) returns bool language sql immutable as 'select true';
create table whole (id int primary key);
alter table whole add constraint holding check (holds(id)) not valid;
create table heir (primary key (id)) inherits (whole);
insert into heir values (1);
create or replace function holds(int) returns bool language sql immutable as 'select false';
-- @run
-- @rows
select f.code, k.convalidated from transhume.finding f, pg_constraint k
where f.object = 'public.heir' and k.conrelid = 'heir'::regclass and k.conname = 'holding'
--= check-not-validated|f
-- @case the rows are followed although a key is refused
-- @on source
insert into item values (200, 'new');
-- @equal
-- @call status => 0 line_item on public.line
-- @call cutover --check --without-fallback => 1 line_item on public.line
-- @on source
create or replace function holds(int) returns bool language sql immutable as 'select true';
-- @on target
create or replace function holds(int) returns bool language sql immutable as 'select true';
alter table heir validate constraint holding;
-- @case what is repaired on the source arrives, and the key is made before the cutover
-- @on source
delete from line where item_id > 20;
-- @equal
-- @call cutover --check --without-fallback => 1 verification
-- @call verify => 0
-- @call cutover --yes --without-fallback => 0
-- @rows
select convalidated from pg_constraint where conname = 'line_item'
--= t
