-- Statements that alter the schema reach the target at their own place in the stream, between the rows that they stand between.

-- @on source
create type mood as enum ('sad', 'ok');
create table t (id int primary key, v text, gone int);
insert into t values (1, 'a', 1), (2, 'b', 2);
create table moods (id int primary key, m mood);
insert into moods values (1, 'ok');
create table a (id int primary key, v text);
create table b (id int primary key, v text);
insert into a values (1, 'of a');
insert into b values (1, 'of b');
create table p (id int, region int, primary key (id, region)) partition by list (region);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2);
insert into p values (1, 1), (2, 2);
create table over (id int primary key);
insert into over values (1);
create table kept (id int primary key, v text);
insert into kept values (1, 'old');
-- @run --schema-changes replicate
-- @says announce what alters the schema
-- @equal
-- @case columns added, renamed, dropped, exchanged, with rows between
-- @on source
insert into t values (3, 'c', 3);
-- @equal
-- @on source
begin;
alter table t add column n int not null default 7, add column note text;
insert into t values (4, 'd', 4, 8, 'noted');
alter table t rename column v to w;
update t set w = w || '!' where id < 3;
alter table t drop column gone;
insert into t (id, w, n) values (5, 'e', 9);
commit;
alter table t rename column w to x;
alter table t rename column note to w;
alter table t rename column x to note;
insert into t (id, note, w) values (6, 'was v', 'was note');
alter table t alter column n drop not null, alter column n drop default;
alter table t alter column note set default 'none', alter column note type varchar;
insert into t (id) values (7);
-- @equal
-- @same
-- @rows
select id, note, n, w from t order by id
--= 1|a!|7|null
--= 2|b!|7|null
--= 3|c|7|null
--= 4|d|8|noted
--= 5|e|9|null
--= 6|was v|7|was note
--= 7|none|null|null
-- @case a statement that is taken back leaves nothing
-- @on source
begin;
alter table t add column never int;
insert into t (id, never) values (8, 1);
rollback;
begin;
savepoint s;
alter table t add column nor_this int;
rollback to savepoint s;
insert into t (id) values (9);
commit;
-- @equal
-- @same
-- @case labels, a new type and a column of it
-- @on source
alter type mood add value 'fine' before 'ok';
insert into moods values (2, 'fine');
alter type mood rename value 'ok' to 'well';
insert into moods values (3, 'well');
create type size as enum ('small', 'large');
alter table moods add column s size default 'small';
insert into moods values (4, 'sad', 'large');
-- @equal
-- @same
-- @case names that two tables exchange
-- @on source
insert into a values (2, 'of a');
begin;
alter table a rename to t_;
alter table b rename to a;
insert into a values (2, 'of b');
alter table t_ rename to b;
insert into b values (3, 'of a');
commit;
-- @equal
-- @same
-- @case the columns of a partitioned table
-- @on source
alter table p add column n int not null default 3;
insert into p values (3, 1, 4), (4, 2, 5);
alter table p rename column n to m;
insert into p (id, region, m) values (5, 2, 6);
-- @equal
-- @same
-- @case a table that is dropped
-- @on source
drop table over;
insert into t (id) values (10);
-- @equal
-- @same
-- @case a message from somebody else does nothing
-- @on source
select pg_logical_emit_message(true, 'transhume.ddl', repeat('0', 64) || '{"xid": 1, "tables": [], "types": [], "gone": [16384]}');
insert into t (id) values (11);
-- @equal
-- @same
-- @case what cannot be followed exactly is held with what to do
-- @on source
alter table kept add column r float default random();
insert into kept (id, v) values (2, 'new');
-- @says transhume table reload public.kept
-- @on target
alter table kept add column r float default random();
-- @says public.kept is to be loaded anew
-- @equal
-- @same
-- @case rows that a statement wrote anew are loaded anew by themselves
-- @on source
alter table a alter v type text using upper(v);
insert into a values (9, 'later');
-- @says public.a is to be loaded anew
-- @equal
-- @same
-- @case all of it is listed, and gone in the end
-- @call status => 0 that announce what alters the schema
-- @call abort --yes => 0
-- @rows source
select count(*) from pg_event_trigger union all select count(*) from pg_namespace where nspname like 'transhume%'
--= 0
--= 0
