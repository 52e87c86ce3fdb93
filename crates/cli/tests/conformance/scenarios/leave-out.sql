-- What the target refuses and no table needs is known beforehand, is left out by one word, and is missed by nobody later.

-- @on source
create role leave_out_owner;
create role leave_out_mover login replication;
grant leave_out_owner to leave_out_mover;
grant create on database "leave-out" to leave_out_mover;
grant pg_signal_backend to leave_out_mover;
alter schema public owner to leave_out_owner;
create role leave_out_auditor;
create function public.old_now() returns timestamptz as 'now' language internal;
alter function public.old_now() owner to leave_out_owner;
set role leave_out_owner;
create table item (id int primary key, x text);
create view stamped as select *, public.old_now() as at from item;
alter table item enable row level security;
create policy audit on item to leave_out_auditor using (true);
insert into item select g, 'x' from generate_series(1, 50) g;
reset role;
alter role leave_out_mover bypassrls;
-- @on target
create role leave_out_owner;
create role leave_out_mover login;
grant create on database "leave-out" to leave_out_mover;
grant leave_out_owner to leave_out_mover;
alter schema public owner to leave_out_owner;
-- @as leave_out_mover
-- @call assess => 1 function public.old_now()
-- @call assess => 1 view public.stamped needs it
-- @call assess => 1 policy audit on public.item
-- @call assess --quick => 0
-- @call assess --leave-out refused => 0 left out
-- @run --leave-out refused
-- @case changes arrive as ever
-- @on source
insert into item values (100, 'new');
-- @equal
-- @rows
select count(*) from pg_proc where proname = 'old_now'
--= 0
-- @case nobody misses what was left out
-- @call verify => 0
-- @call cutover --yes --without-fallback => 0
