-- Rows are written through the root, where indexes and defaults of the root apply; identities differ between leaves.

-- @on source
create table event (id bigint generated always as identity, kind int not null, at timestamptz default clock_timestamp(), body text)
    partition by range (kind);
create table event_1 partition of event for values from (0) to (10);
create table event_2 partition of event for values from (10) to (20);
alter table event_1 add primary key (id);
alter table event_2 replica identity full;
insert into event (kind, body) select g % 20, 'b' || g from generate_series(1, 100) g;
create table bare (a int, b int) partition by range (a);
create table bare_1 partition of bare for values from (0) to (10);
-- @run
-- @case leaves with a key, the whole row, and none
-- @on source
insert into event (kind, body) select g % 20, 'new' from generate_series(1, 40) g;
update event set body = 'changed' where kind in (3, 13);
delete from event where kind in (4, 14);
insert into bare values (1, 1), (1, 1), (2, 2);
update bare set b = 9 where a = 2;
delete from bare where ctid = (select min(ctid) from bare where a = 1);
-- @equal
