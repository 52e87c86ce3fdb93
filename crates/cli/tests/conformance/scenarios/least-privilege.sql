-- Roles with nothing but the rights that the README asks for.

-- @on source
create role conformance_owner;
create role conformance_mover login replication;
grant conformance_owner to conformance_mover;
grant create on database "least-privilege" to conformance_mover;
grant pg_signal_backend to conformance_mover;
alter schema public owner to conformance_owner;
set role conformance_owner;
create table item (id int primary key, x text);
create table line (n int, item_id int references item);
create sequence number;
insert into item select g, 'x' from generate_series(1, 50) g;
reset role;
-- @on target
create role conformance_owner;
create role conformance_mover login;
grant create on database "least-privilege" to conformance_mover;
grant conformance_owner to conformance_mover;
alter schema public owner to conformance_owner;
-- @as conformance_mover
-- @run
-- @case changes, keyless ones and foreign keys too
-- @on source
set role conformance_owner;
insert into item values (100, 'new');
insert into line values (1, 100), (1, 100);
update line set n = 2 where ctid = (select min(ctid) from line);
delete from line where n = 1;
delete from item where id < 10;
truncate line;
-- @equal
-- @case the cutover
-- @call verify => 0
-- @call cutover --yes --without-fallback => 0
-- @rows
select count(*) from pg_constraint where contype = 'f' and convalidated and conrelid = 'line'::regclass
--= 1
