-- What the newest version keeps otherwise than an old one is equal all the same: identities of partitions, the persistence of roots.
-- @servers 13 18

-- @on source
create table event (id bigint generated always as identity, kind int not null) partition by range (kind);
create table event_1 partition of event for values from (0) to (10);
create unlogged table scratch (a int) partition by range (a);
create table words (id int primary key, q tsquery);
insert into event (kind) select g % 10 from generate_series(1, 20) g;
insert into words values (1, ''), (2, 'fat & rat');
create table parent (a int not null, b int); create table child () inherits (parent); alter table child alter column a drop not null;
-- @call assess => 0 it takes NULL although
-- @on source
drop table child, parent;
-- @run
-- @case no difference is told, and an empty tsquery travels
-- @on source
insert into words values (3, '');
-- @equal
-- @call verify => 0 all agree
