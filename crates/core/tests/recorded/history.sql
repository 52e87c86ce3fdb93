-- The history behind stream_*.hex, recorded from PostgreSQL 13.23, 15.18, 17 and 18 (13 without messages) with
--   select encode(data, 'hex') from pg_logical_slot_peek_binary_changes('fixture', null, null,
--     'proto_version', '1', 'publication_names', '"every"', 'messages', 'true');
create table public.account (id bigint primary key, body text, amount numeric(12,2));
create table public."all ""of"" it" (a int, b text);
alter table public."all ""of"" it" replica identity full;
create type public.mood as enum ('glad');
create table public.pair (second text, first int, note public.mood, primary key (first, second));
alter table public.account alter column body set storage external;
create publication every for all tables;
select pg_create_logical_replication_slot('fixture', 'pgoutput');
begin;
insert into account values (1, 'one', 1.50), (2, null, null), (3, repeat('x', 3000), 3);
insert into pair values ('b', 1, 'glad');
insert into "all ""of"" it" values (1, null), (1, 'x');
commit;
update account set amount = 2 where id = 1;
update account set amount = 4 where id = 3;
update account set id = 30 where id = 3;
update "all ""of"" it" set b = 'y' where b is null;
delete from "all ""of"" it" where b = 'x';
begin; update pair set first = 2; delete from pair; select pg_logical_emit_message(true, 'transhume', 'inside'); commit;
select pg_logical_emit_message(false, 'transhume', 'outside');
alter table account add column later int;
insert into account values (4, '', 0, 7);
truncate account, pair restart identity cascade;
