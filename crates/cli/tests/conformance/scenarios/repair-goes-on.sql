-- A table that the target refuses to change does not keep the others from being repaired, and is named.

-- @on source
create table a (id int primary key, t text);
create table b (id int primary key, t text);
create table c (id int primary key, t text);
create table "odd
name" (id int primary key, t text);
insert into a values (1, 'a');
insert into b values (1, 'b');
insert into c values (1, 'c');
insert into "odd
name" values (1, 'd');
-- @run
-- @on target
update a set t = 'other';
update b set t = 'other';
insert into c values (2, 'surplus');
delete from "odd
name";
create function refuse() returns trigger language plpgsql as 'begin raise exception ''not here''; end';
create trigger refuse before insert or update or delete on b for each row execute function refuse();
alter table b enable always trigger refuse;
-- @call verify --repair => 1 the target does not take the source's rows: not here
-- @equal except public.b
-- @rows
select t from b
--= other
-- @on target
drop trigger refuse on b;
-- @call verify --repair => 0 
-- @equal
