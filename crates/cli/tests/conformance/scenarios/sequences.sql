-- Sequences stand on the target, after the cutover, no lower than on the source.

-- @on source
create sequence plain;
create sequence down increment -3 maxvalue 100 minvalue -100000 start 100;
create sequence "We""ird name" cache 20 increment 7;
create sequence fresh start 500;
create sequence around maxvalue 5 cycle;
create sequence narrow as smallint;
create table serial_table (id serial primary key, x int);
create table identity_table (id bigint generated always as identity primary key, x int);
select nextval('plain') from generate_series(1, 10);
-- @run
-- @on source
select nextval('plain') from generate_series(1, 100);
select nextval('down') from generate_series(1, 10);
select nextval('"We""ird name"');
select nextval('around') from generate_series(1, 7);
select setval('narrow', 32767);
insert into serial_table (x) select g from generate_series(1, 20) g;
insert into identity_table (x) select g from generate_series(1, 20) g;
begin;
select nextval('plain');
rollback;
-- @equal
-- @call verify => 0
-- @call cutover --yes => 0
-- @same
-- @case the next numbers are new ones
-- @on target
insert into serial_table (x) values (0);
insert into identity_table (x) values (0);
-- @rows
select nextval('plain') > 111, nextval('down') < 73, nextval('"We""ird name"') > 1, nextval('fresh')
--= t|t|t|500
-- @rows
select (select max(id) > 20 from serial_table), (select max(id) > 20 from identity_table)
--= t|t
