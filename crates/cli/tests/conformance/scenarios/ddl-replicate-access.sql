-- Owners and grants reach the target by themselves, and triggers that would act on what is applied wait for the cutover.

-- @on source
create table orders (id int primary key, amount int, note text);
create table log (id int primary key, what text);
insert into orders select g, g, 'new' from generate_series(1, 20) g;
create sequence tickets;
create function twice(n int) returns int language sql immutable as 'select n * 2';
create view cheap as select id from orders where amount < 10;
create function stamp() returns trigger language plpgsql as $$ begin new.note := new.note || '!'; return new; end $$;
do $$ begin create role scenario_reader; exception when duplicate_object then null; end $$;
-- @on target
do $$ begin create role scenario_reader; exception when duplicate_object then null; end $$;
-- @run --schema-changes replicate
-- @says announce what alters the schema
-- @equal
-- @case grants
-- @on source
grant select, update (amount) on orders to scenario_reader with grant option;
grant usage on sequence tickets to scenario_reader;
revoke execute on function twice(int) from public;
grant select on all tables in schema public to scenario_reader;
insert into orders values (101, 1, 'a');
-- @equal
-- @rows
select c.relname::text, a.privilege_type, a.is_grantable::text from pg_class c, aclexplode(c.relacl) a
where c.relnamespace = 'public'::regnamespace and a.grantee::regrole::text like 'scenario%' order by 1, 2
--= cheap|SELECT|false
--= log|SELECT|false
--= orders|SELECT|true
--= tickets|USAGE|false
-- @rows
select privilege_type from pg_attribute a, aclexplode(a.attacl) where a.attrelid = 'orders'::regclass
--= UPDATE
-- @rows
select count(*) from pg_proc p, aclexplode(p.proacl) a where p.proname = 'twice' and a.grantee = 0
--= 0
-- @case owners and what is taken away
-- @on source
alter view cheap owner to scenario_reader;
revoke update (amount) on orders from scenario_reader;
revoke grant option for select on orders from scenario_reader;
insert into orders values (102, 1, 'a');
-- @equal
-- @rows
select v.relowner::regrole::text, (select bool_or(is_grantable)::text from aclexplode(o.relacl) where grantee = v.relowner)
from pg_class v, pg_class o where v.relname = 'cheap' and o.relname = 'orders'
--= scenario_reader|false
-- @case triggers that fire always
-- @on source
create trigger stamp before insert on orders for each row execute function stamp();
alter table orders enable always trigger stamp;
insert into orders values (103, 1, 'once');
-- @equal
-- @rows
select note from orders where id = 103
--= once!
-- @rows
select tgenabled::text from pg_trigger where tgname = 'stamp'
--= D
-- @call status => 0 trigger stamp disabled
-- @on source
alter trigger stamp on orders rename to stamps;
insert into orders values (104, 1, 'once');
-- @equal
-- @call verify => 0
-- @call cutover --yes => 0
-- @rows
select tgname::text, tgenabled::text from pg_trigger where tgname like 'stamp%'
--= stamps|A
