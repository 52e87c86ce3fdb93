-- One kind of object after the other, each in a schema of its own, as the owner of an application makes them. All arrive at a
-- target without superuser; what such a target refuses is in refused_kinds.sql.

-- operator with commutator, negator and estimators
create schema k01;
set search_path = k01, public;
create table k01.t (id int primary key, v text);
insert into k01.t select g, 'x' from generate_series(1, 10) g;
create function k01.le(point, point) returns bool language sql immutable as 'select $1[0] <= $2[0]';
create function k01.gt(point, point) returns bool language sql immutable as 'select $1[0] > $2[0]';
create operator k01.<<= (leftarg = point, rightarg = point, function = k01.le, negator = operator(k01.>>>), restrict = scalarltsel, join = scalarltjoinsel);
create operator k01.>>> (leftarg = point, rightarg = point, function = k01.gt, negator = operator(k01.<<=));
create table k01.u (id int primary key, p point, check (p operator(k01.<<=) '(9,9)'));

-- prefix operator
create schema k02;
set search_path = k02, public;
create table k02.t (id int primary key, v text);
insert into k02.t select g, 'x' from generate_series(1, 10) g;
create function k02.twice(int) returns int language sql immutable as 'select $1 * 2';
create operator k02.!! (rightarg = int, function = k02.twice);

-- aggregate with moving state and combination
create schema k03;
set search_path = k03, public;
create table k03.t (id int primary key, v text);
insert into k03.t select g, 'x' from generate_series(1, 10) g;
create aggregate k03.total (int) (sfunc = int4pl, stype = int, initcond = '0', combinefunc = int4pl, msfunc = int4pl, minvfunc = int4mi, mstype = int, minitcond = '0', parallel = safe, sortop = operator(pg_catalog.>));

-- ordered-set aggregate
create schema k04;
set search_path = k04, public;
create table k04.t (id int primary key, v text);
insert into k04.t select g, 'x' from generate_series(1, 10) g;
create function k04.os(float8[], float8) returns float8[] language sql immutable as 'select $1 || $2';
create function k04.of(float8[], float8) returns float8 language sql immutable as 'select $1[1]';
create aggregate k04.pct (float8 order by float8) (sfunc = k04.os, stype = float8[], initcond = '{}', finalfunc = k04.of, finalfunc_modify = read_write);

-- polymorphic aggregate
create schema k05;
set search_path = k05, public;
create table k05.t (id int primary key, v text);
insert into k05.t select g, 'x' from generate_series(1, 10) g;
create function k05.keep(anyarray, anyelement) returns anyarray language sql as 'select $1 || $2';
create aggregate k05.collect (anyelement) (sfunc = k05.keep, stype = anyarray, initcond = '{}');

-- range type with difference and multirange
create schema k06;
set search_path = k06, public;
create table k06.t (id int primary key, v text);
insert into k06.t select g, 'x' from generate_series(1, 10) g;
create function k06.diff(float8, float8) returns float8 language sql immutable as 'select $1 - $2';
create type k06.fr as range (subtype = float8, subtype_diff = k06.diff, multirange_type_name = k06.frs);
create table k06.u (id int primary key, r k06.fr, m k06.frs);
insert into k06.u values (1, '[1,2)', '{[1,2),[5,6)}');
create index on k06.u using gist (r);

-- domain over composite
create schema k07;
set search_path = k07, public;
create table k07.t (id int primary key, v text);
insert into k07.t select g, 'x' from generate_series(1, 10) g;
create type k07.ty as (a int, b text);
create domain k07.d as k07.ty check ((value).a > 0);
create table k07.u (id int primary key, d k07.d);
insert into k07.u values (1, row(1, 'x'));

-- domain over domain, array and range
create schema k08;
set search_path = k08, public;
create table k08.t (id int primary key, v text);
insert into k08.t select g, 'x' from generate_series(1, 10) g;
create domain k08.d1 as int check (value > 0);
create domain k08.d2 as k08.d1 check (value < 100) default 7;
create domain k08.d3 as k08.d2[];
create domain k08.d4 as int4range not null;
create table k08.u (id int primary key, a k08.d2, b k08.d3, c k08.d4);
insert into k08.u values (1, 5, '{1,2}', '[1,5)');

-- domain with collation, default and constraint not valid
create schema k09;
set search_path = k09, public;
create table k09.t (id int primary key, v text);
insert into k09.t select g, 'x' from generate_series(1, 10) g;
create domain k09.d as text collate "C" default 'x' not null;
alter domain k09.d add constraint len check (length(value) < 9) not valid;
create table k09.u (id int primary key, a k09.d);
insert into k09.u values (1, 'a');

-- enum with odd labels
create schema k10;
set search_path = k10, public;
create table k10.t (id int primary key, v text);
insert into k10.t select g, 'x' from generate_series(1, 10) g;
create type k10.e as enum ('', 'it''s', 'a b', 'Ü', '"q"');
create table k10.u (id int primary key, e k10.e default 'a b', es k10.e[]);
insert into k10.u values (1, 'Ü', '{"","it''s"}');

-- composite in composite, with collation
create schema k11;
set search_path = k11, public;
create table k11.t (id int primary key, v text);
insert into k11.t select g, 'x' from generate_series(1, 10) g;
create type k11.a as (v text collate "C", n numeric(5,2));
create type k11.b as (a k11.a, l k11.a[]);
create table k11.u (id int primary key, b k11.b);
insert into k11.u values (1, row(row('x', 1.5), array[row('y', 2)::k11.a]));

-- row type of a table as a column
create schema k12;
set search_path = k12, public;
create table k12.t (id int primary key, v text);
insert into k12.t select g, 'x' from generate_series(1, 10) g;
create table k12.u (id int primary key, r k12.t, l k12.t[]);
insert into k12.u select 1, t, array[t] from k12.t where id = 1;

-- collation copied
create schema k13;
set search_path = k13, public;
create table k13.t (id int primary key, v text);
insert into k13.t select g, 'x' from generate_series(1, 10) g;
create collation k13.cc from "POSIX";
create table k13.u (id int primary key, v text collate k13.cc);
create index on k13.u (v desc nulls last);

-- procedure that commits, with output parameters
create schema k14;
set search_path = k14, public;
create table k14.t (id int primary key, v text);
insert into k14.t select g, 'x' from generate_series(1, 10) g;
create procedure k14.p(in a int, inout b int default 1) language plpgsql as $$ begin commit; b := a; end $$;

-- function with a body of its own (BEGIN ATOMIC)
create schema k15;
set search_path = k15, public;
create table k15.t (id int primary key, v text);
insert into k15.t select g, 'x' from generate_series(1, 10) g;
create function k15.f(i int) returns setof k15.t language sql begin atomic select * from k15.t where id = i;
end;
create view k15.v as select * from k15.f(1);
create procedure k15.p() language sql begin atomic delete from k15.t where id = 99;
end;

-- function of a row type, polymorphic, variadic, with defaults
create schema k16;
set search_path = k16, public;
create table k16.t (id int primary key, v text);
insert into k16.t select g, 'x' from generate_series(1, 10) g;
create function k16.name(k16.t) returns text language sql stable as 'select $1.v';
create function k16.any(anycompatible, anycompatiblearray) returns anycompatible language sql as 'select $1';
create function k16.va(variadic int[]) returns int language sql as 'select cardinality($1)';
create function k16.df(a int default 1, b text default now()::text) returns int language sql as 'select 1';
create view k16.v as select t.name from k16.t;

-- function with output columns and words of the language as names
create schema k17;
set search_path = k17, public;
create table k17.t (id int primary key, v text);
insert into k17.t select g, 'x' from generate_series(1, 10) g;
create function k17.f("json" int, "select" text, out "values" int, out "Key" text) returns setof record language sql as 'select 1, $2';
create table k17.u (id int primary key, "system_user" text unique, "json_scalar" int check ("json_scalar" > 0));
create index on k17.u (lower("system_user")) where "system_user" is not null;
create table k17.w (id int primary key, "system_user" text references k17.u ("system_user"));
create view k17.v as select "system_user", "json_scalar" as merge_action from k17.u;
insert into k17.u values (1, 'x', 1);
create function k17.g(int) returns table ("order" int, "user" text) language sql as 'select 1, ''x''';

-- function with options
create schema k18;
set search_path = k18, public;
create table k18.t (id int primary key, v text);
insert into k18.t select g, 'x' from generate_series(1, 10) g;
create function k18.f() returns int language sql stable parallel safe strict cost 7 security definer set search_path = k18, pg_temp set work_mem = '8MB' set datestyle = 'German' as 'select 1';

-- function that names what is not there
create schema k19;
set search_path = k19, public;
create table k19.t (id int primary key, v text);
insert into k19.t select g, 'x' from generate_series(1, 10) g;
set check_function_bodies = off;
create function k19.f() returns int language sql as 'select n from nowhere.nothing';
create function k19.g() returns int language plpgsql as 'begin perform nowhere.f(); return 1; end';

-- view that groups by a key
create schema k20;
set search_path = k20, public;
create table k20.t (id int primary key, v text);
insert into k20.t select g, 'x' from generate_series(1, 10) g;
create view k20.v as select id, v, count(*) from k20.t group by id;
create view k20.w as select * from k20.v;
create materialized view k20.m as select * from k20.w;

-- circular views
create schema k21;
set search_path = k21, public;
create table k21.t (id int primary key, v text);
insert into k21.t select g, 'x' from generate_series(1, 10) g;
create view k21.v1 as select 1 as a;
create view k21.v2 as select a from k21.v1;
create or replace view k21.v1 as select a from k21.v2;

-- function in the definition of the view that it takes
create schema k22;
set search_path = k22, public;
create table k22.t (id int primary key, v text);
insert into k22.t select g, 'x' from generate_series(1, 10) g;
create view k22.v as select 1 as a;
create function k22.f(k22.v) returns int language sql immutable as 'select 1';
create or replace view k22.v as select k22.f(null::k22.v) as a;

-- table whose check and default use its own row type
create schema k23;
set search_path = k23, public;
create table k23.t (id int primary key, v text);
insert into k23.t select g, 'x' from generate_series(1, 10) g;
create table k23.u (id int primary key, v int);
create function k23.ok(k23.u) returns bool language sql immutable as 'select $1.id > 0';
alter table k23.u add constraint ok check (k23.ok(u));
insert into k23.u values (1, 1);

-- view with check option, defaults, rules and a trigger
create schema k24;
set search_path = k24, public;
create table k24.t (id int primary key, v text);
insert into k24.t select g, 'x' from generate_series(1, 10) g;
create view k24.v with (security_barrier) as select id, v from k24.t where id > 0 with local check option;
alter view k24.v alter column v set default 'd';
create view k24.w as select id, v from k24.t;
create function k24.tf() returns trigger language plpgsql as 'begin return null; end';
create trigger io instead of insert or update on k24.w for each row execute function k24.tf();
create rule r as on update to k24.v do instead nothing;
comment on column k24.v.id is 'c';

-- view with security invoker, recursive view
create schema k25;
set search_path = k25, public;
create table k25.t (id int primary key, v text);
insert into k25.t select g, 'x' from generate_series(1, 10) g;
create view k25.v with (security_invoker = on, security_barrier = off) as select * from k25.t;
create recursive view n (i) as values (1) union all select i + 1 from n where i < 3;

-- rules of every sort
create schema k27;
set search_path = k27, public;
create table k27.t (id int primary key, v text);
insert into k27.t select g, 'x' from generate_series(1, 10) g;
create table k27.u (id int primary key);
create rule a as on insert to k27.t where new.id < 0 do instead nothing;
create rule b as on delete to k27.t do also insert into k27.u values (old.id);
alter table k27.t disable rule a;
create rule "Q r" as on update to k27.u do also notify u;

-- constraint trigger, transition tables, conditions, arguments
create schema k28;
set search_path = k28, public;
create table k28.t (id int primary key, v text);
insert into k28.t select g, 'x' from generate_series(1, 10) g;
create function k28.tf() returns trigger language plpgsql as 'begin return null; end';
create constraint trigger ct after insert or update of v on k28.t deferrable initially deferred for each row when (new.v is not null) execute function k28.tf('a''b', 'c\d');
create trigger tt after update on k28.t referencing old table as o new table as n for each statement execute function k28.tf();
create trigger d before delete on k28.t for each row execute function k28.tf();
alter table k28.t disable trigger d;

-- trigger function of the server
create schema k29;
set search_path = k29, public;
create table k29.t (id int primary key, v text);
insert into k29.t select g, 'x' from generate_series(1, 10) g;
create table k29.u (id int primary key, a text, b tsvector);
create trigger ts before insert or update on k29.u for each row execute function tsvector_update_trigger(b, 'pg_catalog.simple', a);
create trigger same before update on k29.u for each row execute function suppress_redundant_updates_trigger();

-- trigger on a partitioned table, disabled on a leaf
create schema k30;
set search_path = k30, public;
create table k30.t (id int primary key, v text);
insert into k30.t select g, 'x' from generate_series(1, 10) g;
create table k30.p (id int, k int, primary key (id, k)) partition by range (k);
create table k30.p1 partition of k30.p for values from (0) to (9);
create table k30.p2 partition of k30.p default;
create function k30.tf() returns trigger language plpgsql as 'begin return new; end';
create trigger tr before insert on k30.p for each row execute function k30.tf();
alter table k30.p1 disable trigger tr;
insert into k30.p values (1, 1), (2, 20);

-- storage parameters, toast, compression, statistics targets
create schema k31;
set search_path = k31, public;
create table k31.t (id int primary key, v text);
insert into k31.t select g, 'x' from generate_series(1, 10) g;
create table k31.u (id int primary key, a text, b bytea) with (fillfactor = 70, autovacuum_enabled = off, toast.autovacuum_enabled = off, toast_tuple_target = 512, parallel_workers = 2, user_catalog_table = true);
alter table k31.u alter a set storage external, alter b set compression pglz, alter a set statistics 500, alter a set (n_distinct = -0.5);
insert into k31.u values (1, 'a', 'b');

-- typed table
create schema k32;
set search_path = k32, public;
create table k32.t (id int primary key, v text);
insert into k32.t select g, 'x' from generate_series(1, 10) g;
create type k32.ty as (id int, v text);
create table k32.u of k32.ty (id with options primary key, v default 'x' not null);
insert into k32.u values (1, 'a');

-- inheritance with two parents and local columns
create schema k33;
set search_path = k33, public;
create table k33.t (id int primary key, v text);
insert into k33.t select g, 'x' from generate_series(1, 10) g;
create table k33.a (id int not null, v text default 'a', check (id > 0));
create table k33.b (id int not null, w int, constraint ni check (w > 0) no inherit);
create table k33.c (x int, v text default 'c') inherits (k33.a, k33.b);
alter table k33.c add primary key (id);
insert into k33.c values (1, 'v', 2, 3);

-- exclusion constraint
create schema k34;
set search_path = k34, public;
create table k34.t (id int primary key, v text);
insert into k34.t select g, 'x' from generate_series(1, 10) g;
create table k34.u (id int primary key, r int4range, exclude using gist (r with &&) where (id > 0) deferrable initially deferred);
insert into k34.u values (1, '[1,2)');

-- list partitions with null, default, subpartitions and own defaults
create schema k35;
set search_path = k35, public;
create table k35.t (id int primary key, v text);
insert into k35.t select g, 'x' from generate_series(1, 10) g;
create table k35.p (id int, k text, d int default 1) partition by list (k);
create table k35.pn partition of k35.p for values in (null, 'a');
create table k35.pd partition of k35.p (d default 9, constraint pd_c check (id > 0)) default partition by hash (id);
create table k35.pd0 partition of k35.pd for values with (modulus 2, remainder 0);
create table k35.pd1 partition of k35.pd for values with (modulus 2, remainder 1);
insert into k35.p (id, k) select g, (array['a', null, 'z'])[1 + g % 3] from generate_series(1, 20) g;

-- range partitions with expressions, bounds without end, other column order
create schema k36;
set search_path = k36, public;
create table k36.t (id int primary key, v text);
insert into k36.t select g, 'x' from generate_series(1, 10) g;
create table k36.p (a int, b date not null, c text) partition by range (b, lower(c));
create table k36.p0 partition of k36.p for values from (minvalue, minvalue) to ('2020-01-01', 'm');
create table k36.p1 (c text, junk int, b date not null, a int);
alter table k36.p1 drop junk;
alter table k36.p attach partition k36.p1 for values from ('2020-01-01', 'm') to (maxvalue, maxvalue);
create index on k36.p (a);
create index own on k36.p1 (a, b);
insert into k36.p values (1, '2019-01-01', 'a'), (2, '2021-01-01', 'b');

-- index on a partitioned root alone
create schema k37;
set search_path = k37, public;
create table k37.t (id int primary key, v text);
insert into k37.t select g, 'x' from generate_series(1, 10) g;
create table k37.p (a int, b int) partition by range (a);
create table k37.p0 partition of k37.p for values from (0) to (10);
create index p_b on only k37.p (b);
insert into k37.p values (1, 1);

-- unlogged table and identity with options
create schema k38;
set search_path = k38, public;
create table k38.t (id int primary key, v text);
insert into k38.t select g, 'x' from generate_series(1, 10) g;
create unlogged table k38.u (id int generated by default as identity (start 100 increment -5 minvalue -1000 maxvalue 100 cache 3 cycle), v text, primary key (id));
insert into k38.u (v) values ('x');
create sequence k38.sm as smallint increment -1 minvalue -9 maxvalue -1 cycle;
select nextval('k38.sm');

-- sequence of a column of another type, sequence shared by two tables
create schema k39;
set search_path = k39, public;
create table k39.t (id int primary key, v text);
insert into k39.t select g, 'x' from generate_series(1, 10) g;
create sequence k39.sh;
create table k39.a (id bigint primary key default nextval('k39.sh'));
create table k39.b (id bigint primary key default nextval('k39.sh'));
alter sequence k39.sh owned by k39.a.id;
insert into k39.a default values;
insert into k39.b default values;

-- indexes of every access method and option
create schema k40;
set search_path = k40, public;
create table k40.t (id int primary key, v text);
insert into k40.t select g, 'x' from generate_series(1, 10) g;
create table k40.u (id int primary key, a int[], p point, t text, r int4range, b box);
create index on k40.u using gin (a) with (fastupdate = off, gin_pending_list_limit = 512);
create index on k40.u using gist (p) with (buffering = on, fillfactor = 80);
create index on k40.u using spgist (p quad_point_ops);
create index on k40.u using hash (t);
create index on k40.u using brin (id int4_minmax_multi_ops (values_per_range = 16)) with (pages_per_range = 8, autosummarize = on);
create index on k40.u (t collate "C" text_pattern_ops desc nulls last) include (id) where t is not null;
create index ex on k40.u ((id + 1), lower(t));
alter index k40.ex alter column 1 set statistics 300;
alter table k40.u cluster on u_pkey;
insert into k40.u values (1, '{1}', '(1,1)', 'x', '[1,2)', '(1,1),(0,0)');

-- foreign keys of every sort
create schema k41;
set search_path = k41, public;
create table k41.t (id int primary key, v text);
insert into k41.t select g, 'x' from generate_series(1, 10) g;
create table k41.w (a int, b int, primary key (a, b));
create table k41.v (id int primary key, a int, b int, self int references k41.v on update cascade deferrable, foreign key (a, b) references k41.w match full on delete set null (a, b));
create table k41.x (id int primary key, v int references k41.v);
alter table k41.v add x int;
alter table k41.v add foreign key (x) references k41.x not valid;
insert into k41.w values (1, 1);
insert into k41.v values (1, 1, 1, 1);

-- foreign keys between partitioned tables
create schema k42;
set search_path = k42, public;
create table k42.t (id int primary key, v text);
insert into k42.t select g, 'x' from generate_series(1, 10) g;
create table k42.p (id int primary key) partition by range (id);
create table k42.p0 partition of k42.p for values from (0) to (100);
create table k42.q (id int, p int references k42.p on delete cascade, primary key (id)) partition by hash (id);
create table k42.q0 partition of k42.q for values with (modulus 1, remainder 0);
insert into k42.p values (1);
insert into k42.q values (1, 1);

-- checks: not valid, not inherited, of a child
create schema k43;
set search_path = k43, public;
create table k43.t (id int primary key, v text);
insert into k43.t select g, 'x' from generate_series(1, 10) g;
create table k43.u (id int primary key, a int);
create table k43.c (constraint own check (id > 0)) inherits (k43.u);
alter table k43.u add constraint nv check (a > 0) not valid, add constraint ni check (a < 99) no inherit;
create table k43.late (constraint own check (id > 0)) inherits (k43.u);
create table k43.later () inherits (k43.late);
insert into k43.u values (1, 1);

-- replica identities
create schema k44;
set search_path = k44, public;
create table k44.t (id int primary key, v text);
insert into k44.t select g, 'x' from generate_series(1, 10) g;
create table k44.a (id int primary key, v text);
alter table k44.a replica identity full;
create table k44.b (id int primary key, v text);
create table k44.c (v text);
insert into k44.a values (1, 'x');
insert into k44.c values ('x');

-- columns: dropped, added with a default, generated from a function
create schema k45;
set search_path = k45, public;
create table k45.t (id int primary key, v text);
insert into k45.t select g, 'x' from generate_series(1, 10) g;
create table k45.u (x int, id int primary key, y int, z text);
insert into k45.u values (1, 1, 1, 'z');
alter table k45.u drop x, add n int not null default 7, add d timestamptz not null default now();
alter table k45.u add e text generated always as (upper(z)) stored;

-- table without columns, table without rows, table of many columns
create schema k46;
set search_path = k46, public;
create table k46.t (id int primary key, v text);
insert into k46.t select g, 'x' from generate_series(1, 10) g;
create table k46.z ();
insert into k46.z default values;
create table k46.e ();
do $$ begin execute (select 'create table k46.wide (id int primary key, ' || string_agg('c' || g || ' int', ', ') || ')' from generate_series(1, 1500) g); end $$;

-- statistics of every sort
create schema k47;
set search_path = k47, public;
create table k47.t (id int primary key, v text);
insert into k47.t select g, 'x' from generate_series(1, 10) g;
create table k47.u (id int primary key, a int, b int, c text);
create statistics k47.st1 (mcv, ndistinct, dependencies) on a, b from k47.u;
create statistics k47.st2 on (a + b), lower(c) from k47.u;
create statistics k47.st3 on (a % 5) from k47.u;
alter statistics k47.st1 set statistics 300;
comment on statistics k47.st1 is 'c';

-- text search configuration, dictionary
create schema k48;
set search_path = k48, public;
create table k48.t (id int primary key, v text);
insert into k48.t select g, 'x' from generate_series(1, 10) g;
create text search dictionary k48.d (template = pg_catalog.simple, stopwords = english, accept = false);
create text search configuration k48.c (copy = english);
alter text search configuration k48.c alter mapping for asciiword, word with k48.d, english_stem;
create table k48.u (id int primary key, t text, v tsvector generated always as (to_tsvector('k48.c', t)) stored);
insert into k48.u values (1, 'the houses');

-- publications of every sort
create schema k49;
set search_path = k49, public;
create table k49.t (id int primary key, v text);
insert into k49.t select g, 'x' from generate_series(1, 10) g;
create publication p1 for table k49.t (id) where (id > 5) with (publish = 'insert');

-- default privileges of every sort
create schema k50;
set search_path = k50, public;
create table k50.t (id int primary key, v text);
insert into k50.t select g, 'x' from generate_series(1, 10) g;
alter default privileges for role app_owner revoke execute on functions from public;
alter default privileges for role app_owner in schema k50 grant all on sequences to app_rw with grant option;
alter default privileges for role app_owner grant usage on types to app_ro;
alter default privileges for role app_owner grant usage on schemas to app_ro;

-- grants of every sort
create schema k51;
set search_path = k51, public;
create table k51.t (id int primary key, v text);
insert into k51.t select g, 'x' from generate_series(1, 10) g;
grant select (id), update (v) on k51.t to app_ro with grant option;
grant truncate, trigger, references on k51.t to app_rw;
grant select on k51.t to public;
create type k51.ty as enum ('a');
revoke usage on type k51.ty from public;
create domain k51.d as int;
grant usage on type k51.d to app_ro;
create function k51.f() returns int language sql as 'select 1';
revoke execute on function k51.f() from public;
grant execute on function k51.f() to app_rw;
create sequence k51.q;
grant usage on sequence k51.q to app_rw;
revoke all on schema k51 from public;
grant usage on schema k51 to app_rw;
create procedure k51.p() language sql as '';
grant execute on procedure k51.p() to app_ro;

-- policies of every sort
create schema k52;
set search_path = k52, public;
create table k52.t (id int primary key, v text);
insert into k52.t select g, 'x' from generate_series(1, 10) g;
alter table k52.t enable row level security;
create function k52.me() returns text language sql stable as 'select current_user::text';
create policy a on k52.t as restrictive for select to app_ro, app_rw using (v = k52.me());
create policy b on k52.t for insert with check (exists (select from k52.t x where x.id = t.id));
create policy "C c" on k52.t for update to public using (true) with check (id > 0);

-- hostile names
create schema k53;
set search_path = k53, public;
create table k53.t (id int primary key, v text);
insert into k53.t select g, 'x' from generate_series(1, 10) g;
create schema "S ""q"" 'a'";
create table "S ""q"" 'a'"."T--x" ("c ""1" int primary key, "Ä" text, "$1" int, "SELECT" text);
insert into "S ""q"" 'a'"."T--x" values (1, 'x', 2, 'y');
create view "S ""q"" 'a'"."v;
drop" as select * from "S ""q"" 'a'"."T--x";
create function "S ""q"" 'a'"."f(x)"("a b" int) returns int language sql as 'select 1';
create table k53."pg_temp_7" (id int primary key);
create table k53.transhume (id int primary key);
create table k53."éééééééééééééééééééééééééééééé1" (id int primary key);

-- columns that name objects
create schema k54;
set search_path = k54, public;
create table k54.t (id int primary key, v text);
insert into k54.t select g, 'x' from generate_series(1, 10) g;
create table k54.u (id int primary key, r regclass, p regprocedure, o oid, x xid8, l pg_lsn);
insert into k54.u values (1, 'k54.t', 'now()', 1, '5', '0/1');

-- conversion and cast of own types
create schema k55;
set search_path = k55, public;
create table k55.t (id int primary key, v text);
insert into k55.t select g, 'x' from generate_series(1, 10) g;
create type k55.ty as (a int);
create function k55.c(k55.ty) returns int language sql immutable as 'select ($1).a';
create cast (k55.ty as int) with function k55.c(k55.ty) as implicit;
create type k55.e as enum ('a');
create cast (k55.e as varchar) with inout as assignment;
create default conversion k55.conv for 'LATIN2' to 'UTF8' from iso8859_to_utf8;

-- cast of a domain
create schema k56;
set search_path = k56, public;
create table k56.t (id int primary key, v text);
insert into k56.t select g, 'x' from generate_series(1, 10) g;
create domain k56.d as int;
create function k56.dt(k56.d) returns text language sql immutable as 'select $1::int::text';
create cast (k56.d as text) with function k56.dt(k56.d);

-- schema that is empty, schema of another owner
create schema k57;
set search_path = k57, public;
create table k57.t (id int primary key, v text);
insert into k57.t select g, 'x' from generate_series(1, 10) g;
create schema e;
create schema f;
comment on schema e is 'c';
grant usage on schema f to app_ro;

-- materialized views: without rows, on each other, with options
create schema k58;
set search_path = k58, public;
create table k58.t (id int primary key, v text);
insert into k58.t select g, 'x' from generate_series(1, 10) g;
create materialized view k58.m1 with (fillfactor = 70) as select * from k58.t;
create materialized view k58.m2 as select count(*) from k58.m1 with no data;
create materialized view k58.m3 as select max(id) from k58.m1;
create unique index on k58.m1 (id);
grant select on k58.m1 to app_ro;
alter materialized view k58.m1 cluster on m1_id_idx;

-- keys of every sort
create schema k59;
set search_path = k59, public;
create table k59.t (id int primary key, v text);
insert into k59.t select g, 'x' from generate_series(1, 10) g;
create table k59.u (id int primary key, a int, b int, c int not null, constraint un unique nulls not distinct (a) include (b), constraint de unique (b) deferrable initially deferred, constraint rk unique (c));
alter table k59.u replica identity using index rk;
insert into k59.u values (1, null, 1, 1);
