-- Unique constraints that are checked late let values meet for a moment.

-- @on source
create table place (id int primary key, spot int unique deferrable initially deferred, x text);
insert into place select g, g, 'p' || g from generate_series(1, 10) g;
create table key_late (id int primary key deferrable initially immediate, x text);
insert into key_late select g, 'k' || g from generate_series(1, 10) g;
alter table key_late replica identity full;
create table booking (id int primary key, during int4range, exclude using gist (during with &&));
insert into booking select g, int4range(g * 10, g * 10 + 5) from generate_series(1, 5) g;
-- @run

-- @case two values change places in one statement
-- @on source
update place set spot = case spot when 1 then 2 else 1 end where spot in (1, 2);
-- @equal

-- @case and in several statements of one transaction
-- @on source
begin;
update place set spot = 4 where id = 3;
update place set spot = 5 where id = 4;
update place set spot = 3 where id = 5;
commit;
-- @equal

-- @case all move by one
-- @on source
update place set spot = spot + 1;
-- @equal

-- @case the primary key itself
-- @on source
update key_late set id = id + 1;
update key_late set id = 30 - id;
-- @equal

-- @case a place is given up and taken in one transaction
-- @on source
create table seat (id int primary key, number int not null unique);
-- @kill
-- @call abort --yes => 0
-- @run
-- @on source
insert into seat select g, g from generate_series(1, 5) g;
begin;
delete from seat where id = 1;
insert into seat values (6, 1);
update seat set number = 100 where id = 2;
update seat set number = 2 where id = 3;
commit;
-- @equal

-- @case an exclusion constraint
-- @on source
begin;
update booking set during = '[1000,1005)' where id = 1;
update booking set during = '[10,15)' where id = 2;
insert into booking values (9, '[20,22)');
commit;
-- @equal
