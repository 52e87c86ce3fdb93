create role bob;
create role "ow""ner";
create schema "ATTACH";
create schema owned authorization "ow""ner";
grant usage on schema owned to bob;
create table "ATTACH".t (id int primary key, "we""ird
name" text default 'x');
comment on table "ATTACH".t is 'hello
-- and a line';
create extension pgcrypto;
create table owned.thing (id serial primary key, price numeric);
alter table owned.thing owner to "ow""ner";
create type owned.mood as enum ('glad', 'sad');
alter type owned.mood owner to "ow""ner";
create table "éééééééééééééééééééééééééééééé" ("ààààààààààààààààààààààààààààààà" int primary key, "select" text unique);
create table "new
line;'" (id int primary key);
create table p (id int, k int, d text, primary key (id, k)) partition by range (k);
create table p1 partition of p for values from (0) to (10);
create table p2 partition of p for values from (10) to (20) partition by hash (id);
create table p21 partition of p2 for values with (modulus 2, remainder 0);
create table p22 partition of p2 for values with (modulus 2, remainder 1);
create index p_d on p (lower(d), k desc) where k > 1;
create unique index p_u on p (k, id);
comment on index p_d is 'partitioned';
create table child () inherits ("ATTACH".t);
alter table child add primary key (id);
create table f (id serial primary key, pid int, pk int, self int references f, foreign key (pid, pk) references p on delete cascade);
create table fp (id int, pid int, foreign key (pid) references "ATTACH".t deferrable initially deferred) partition by list (id);
create table fp1 partition of fp for values in (1);
alter table f add constraint later foreign key (self) references f not valid;
alter table f add constraint ck check (pid > 0) not valid;
create index on f (pid) include (pk) with (fillfactor = 70);
create index expression on f ((pid + pk), (pid * 2));
alter index expression alter column 2 set statistics 700;
create statistics st on pid, pk from f;
create view v as select f.id, f.pid from f group by f.id;
create materialized view mv as select count(*) as n from f;
create materialized view mv2 as select f.id, f.pid from f group by f.id;
create unique index on mv2 (id);
create materialized view mv3 as select v.id, mv.n from v, mv;
create materialized view a_first as select n from mv3 union all select id from mv2;
create materialized view empty as select 1 as one with no data;
create index on mv3 (n);
create function tf() returns trigger language plpgsql as $$begin
-- SET default_tablespace
return new; end$$;
create function sf(int) returns setof f language sql begin atomic select * from f group by f.id; end;
create procedure pr() language plpgsql as 'begin end';
create aggregate total (int) (sfunc = int4pl, stype = int, initcond = '0');
create operator ## (leftarg = int, rightarg = int, function = int4pl);
create domain d as int check (value > 0);
alter domain d add constraint even check (value % 2 = 0) not valid;
create trigger tr before insert on f for each row execute function tf();
create policy po on f using (pid > 1);
alter table f enable row level security;
create rule ru as on update to child do instead nothing;
create table g (
    id int generated always as identity,
    x int generated always as (1) stored,
    y int not null,
    constraint g_x unique (x) deferrable initially deferred,
    constraint g_y unique nulls not distinct (y) include (id),
    exclude using btree (id with =) where (id > 5)
);
alter table g cluster on g_x;
alter table g replica identity using index g_y;
create sequence "s q" increment 5;
create publication pub for table f;
comment on column f.id is 'x';
comment on constraint f_pkey on f is 'c';
comment on extension pgcrypto is 'mine';
comment on extension pgcrypto is 'cryptographic functions';
grant select on f to bob with grant option;
grant select (id) on p to bob;
grant execute on function tf() to bob;
revoke execute on function tf() from public;
grant select on mv2 to bob;
alter default privileges grant select on tables to bob;
create function ef() returns event_trigger language plpgsql as 'begin end';
create event trigger et on ddl_command_end execute function ef();
