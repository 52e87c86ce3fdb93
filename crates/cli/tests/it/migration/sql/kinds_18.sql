-- Kinds of objects and options that came with PostgreSQL 16 to 18.
create schema k80;
set search_path = k80;

-- constraints that are not enforced, and NOT NULL with names, not inherited and not valid
create table u (id int primary key, a int, b int constraint b_given not null no inherit, check (a > 0) not enforced);
create table v (id int primary key, u int references u not enforced, w int);
insert into v values (1, null, null);
alter table v add constraint w_given not null w not valid;
insert into u values (1, -1, 1);

-- keys over time
create table room (id int, during daterange, primary key (id, during without overlaps));
create table stay (id int, room int, during daterange, primary key (id, during without overlaps),
    foreign key (room, period during) references room (id, period during));
insert into room values (1, '[2026-01-01,2027-01-01)');
insert into stay values (1, 1, '[2026-02-01,2026-03-01)');

-- generated columns that hold nothing
create table g (id int primary key, a int, b int generated always as (a * 2) virtual, c text generated always as (a::text) stored);
insert into g values (1, 2);

-- identity and exclusion constraints of partitioned tables
create table p (id int generated always as identity, k int, r int4range, exclude using gist (k with =, r with &&)) partition by range (k);
create table p0 partition of p for values from (0) to (100);
insert into p (k, r) values (1, '[1,2)');

-- a collation that the server itself provides, a view over JSON, a right to maintain
create collation plain (provider = builtin, locale = 'C.UTF-8');
create table c (id int primary key, v text collate plain, j jsonb);
create index on c (v);
insert into c values (1, 'x', '[1,2]');
create view json as select jt.* from c, json_table(c.j, '$[*]' columns (n int path '$')) jt;
create view made as select json_object('a' : id) as o, json_arrayagg(id) as l from c group by id;
grant maintain on c to app_rw;
create function body(i int) returns int language sql begin atomic; select i + 1; end;
