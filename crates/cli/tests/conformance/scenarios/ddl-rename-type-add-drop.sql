-- DDL on the source while it is followed: never guessed at, held before the first change that it affects.

-- @on source
create table added (id int primary key);
create table dropped (id int primary key, x int, y int);
create table renamed (id int primary key, x int);
create table retyped (id int primary key, x int);
create table other (id int primary key);
-- @run
-- @case added
-- @on source
insert into added values (1);
alter table added add column x int not null default 5;
insert into added values (2);
insert into other values (1);
-- @says added
-- @on target
alter table added add column x int not null default 5;
-- @equal
-- @case dropped: a column more on the target is in nobody's way
-- @on source
insert into dropped values (1, 1, 1);
alter table dropped drop column x;
insert into dropped values (2, 2);
update dropped set y = 3 where id = 1;
-- @equal except public.dropped
-- @rows
select id, x, y from dropped order by 1
--= 1|1|3
--= 2|null|2
-- @on target
alter table dropped drop column x;
-- @equal
-- @case a column renamed
-- @on source
insert into renamed values (1, 1);
alter table renamed rename column x to z;
insert into renamed values (2, 2);
-- @says renamed
-- @on target
alter table renamed rename column x to z;
-- @equal
-- @case retyped
-- @on source
insert into retyped values (1, 1);
alter table retyped alter column x type text using 'number ' || x;
insert into retyped values (2, 'text');
-- @says retyped
-- @on target
alter table retyped alter column x type text using 'number ' || x;
-- @equal
