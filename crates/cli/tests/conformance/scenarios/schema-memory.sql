-- What the stream does not tell: each bars the cutover by itself, with a remedy that works.

-- @on source
create type mood as enum ('sad', 'ok', 'happy');
create type bare as enum ();
create type addr as (street text, unit text);
create domain short as text;
create table x (id int primary key, v text);
insert into x values (1, 'a'), (2, 'b');
create table a (id int primary key, v text);
create table b (id int primary key, v text);
insert into a values (1, 'of a');
insert into b values (1, 'of b');
create table moods (id int primary key, m mood, e bare);
insert into moods values (1, 'ok');
create table renamed (id int primary key, v text);
insert into renamed values (1, 'old');
create table homes (id int primary key, home addr, s short);
insert into homes values (1, row('Main St', '1'), 'x');
create table p (id int, region int, primary key (id, region)) partition by list (region);
create table p1 partition of p for values in (1);
insert into p values (1, 1);
create table again (id int primary key);
insert into again values (1);
-- @run
-- @equal
-- @call cutover --check --override verification => 0
-- @case values rewritten by an expression
-- @on source
alter table x alter v type text using upper(v);
-- @call cutover --check --override verification => 1 transhume table reload public.x
-- @call table reload --yes public.x => 0
-- @equal
-- @call cutover --check --override verification => 0
-- @case a column dropped and made again
-- @on source
alter table x drop v;
alter table x add v text;
-- @call cutover --check --override verification => 1 transhume table reload public.x
-- @call table reload --yes public.x => 0
-- @equal
-- @case names that two tables exchanged
-- @on source
alter table a rename to t;
alter table b rename to a;
alter table t rename to b;
-- @call cutover --check --override verification => 1 rename to
-- @on target
alter table a rename to t;
alter table b rename to a;
alter table t rename to b;
-- @on source
insert into a values (2, 'later');
insert into b values (2, 'later');
-- @equal
-- @call cutover --check --override verification => 0
-- @case a label that was renamed
-- @on source
alter type mood rename value 'ok' to 'fine';
-- @call cutover --check --override verification => 1 rename value 'ok' to 'fine'
-- @on target
alter type mood rename value 'ok' to 'fine';
-- @on source
insert into moods values (2, 'fine');
-- @equal
-- @case an enum without labels gets its first
-- @on source
alter type bare add value 'first';
insert into moods values (3, 'sad', 'first');
-- @equal
-- @case a column that was renamed, with rows behind it
-- @on source
alter table renamed rename column v to w;
insert into renamed values (2, 'new');
-- @says rename column "v" to "w"
-- @on target
alter table renamed rename column v to w;
-- @equal
-- @case a moment outside of the publication
-- @on source
do $$ begin execute (select format('alter publication %I drop table renamed', pubname) from pg_publication where pubname like 'transhume%'); end $$;
insert into renamed values (3, 'unseen');
do $$ begin execute (select format('alter publication %I add table renamed', pubname) from pg_publication where pubname like 'transhume%'); end $$;
-- @call cutover --check --override verification => 1 transhume table reload public.renamed
-- @call table reload --yes public.renamed => 0
-- @equal
-- @case an attribute of a composite
-- @on source
alter type addr add attribute city text;
insert into homes values (2, row('Side St', '2', 'Rome'), 'y');
-- @says alter type "public"."addr" add attribute "city" text
-- @on target
alter type addr add attribute city text;
-- @equal
-- @case a column of a type that is new
-- @on source
create type size as enum ('small', 'large');
alter table renamed add column s size;
alter table renamed alter s set default 'small';
insert into renamed values (4, 'sized', 'large');
-- @says create type "public"."size" as enum ('small', 'large')
-- @on target
create type size as enum ('small', 'large');
alter table renamed add column s size;
alter table renamed alter s set default 'small';
-- @equal
-- @case the column of a partitioned table
-- @on source
alter table p add column n int not null default 7;
-- @call cutover --check --override verification => 1 alter table "public"."p" add column
-- @on target
alter table p add column n int not null default 7;
-- @equal
-- @case what is in no table
-- @on source
alter domain short add constraint longer check (length(value) < 100);
-- @call cutover --check --override verification => 1 short
-- @on target
alter domain short add constraint longer check (length(value) < 100);
-- @on source
create function f() returns int language sql as 'select 1';
-- @call cutover --check --override verification => 1 f()
-- @on target
create function f() returns int language sql as 'select 1';
-- @on source
alter table x enable row level security;
create policy mine on x using (true);
-- @call cutover --check --override verification => 1 policy
-- @on target
alter table x enable row level security;
create policy mine on x using (true);
-- @call cutover --check --override verification => 0
-- @case a table dropped and made anew
-- @on source
drop table again;
create table again (id int primary key, v text);
insert into again values (1, 'anew');
-- @call cutover --check --override verification => 1 public.again
-- @on target
drop table again;
-- @call table add --yes public.again => 0
-- @on source
insert into again values (2, 'later');
-- @equal
-- @call cutover --check --override verification => 0
-- @case a verification counts for what it saw
-- @call verify => 0
-- @call cutover --check => 0
-- @on source
alter table moods alter m set not null;
-- @on target
alter table moods alter m set not null;
-- @call cutover --check => 1 public.moods
-- @call verify --mode since-last => 0
-- @call cutover --check => 0
