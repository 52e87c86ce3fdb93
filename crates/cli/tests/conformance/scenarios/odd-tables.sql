-- Tables at the limits: as many columns as there can be, names up to 63 bytes of anything, columns that were dropped.

-- @on source
do $$ begin execute (select 'create table wide (' || string_agg('c' || n || ' int' || case n when 1 then ' primary key' else '' end, ', ' order by n) || ')' from generate_series(1, 1600) n); end $$;
insert into wide (c1, c2, c800, c1600) select g, g, -g, g * 2 from generate_series(1, 200) g;
create schema "s""c h
e";
create table "s""c h
e"."ééééééééééééééééééééééééééééééé" ("ààààààààààààààààààààààààààààààà" int primary key, "qu""o'te
d" text, "$1" int, "select" int unique);
insert into "s""c h
e"."ééééééééééééééééééééééééééééééé" select g, 'a' || g, g, g from generate_series(1, 50) g;
create table "Keyless; drop table x;--" ("\.\N
	" text, "%s {} ?" int);
insert into "Keyless; drop table x;--" select 'r' || g % 5, g % 5 from generate_series(1, 20) g;
create table dropped (a int, id int primary key, b text, c int, d int);
alter table dropped drop column a, drop column c;
insert into dropped (id, b, d) select g, 'b' || g, g from generate_series(1, 50) g;
create table emptied (gone int);
alter table emptied drop column gone;
insert into emptied select from generate_series(1, 3);
-- @run
-- @case 1600 columns
-- @on source
insert into wide (c1, c1599) values (1000, 1);
update wide set c1600 = -1, c2 = null where c1 <= 20;
update wide set c1 = -c1 where c1 between 21 and 30;
delete from wide where c1 > 190 and c1 < 1000;
-- @equal
-- @case names
-- @on source
update "s""c h
e"."ééééééééééééééééééééééééééééééé" set "qu""o'te
d" = 'changed', "$1" = null where "ààààààààààààààààààààààààààààààà" < 20;
delete from "s""c h
e"."ééééééééééééééééééééééééééééééé" where "select" > 40;
insert into "s""c h
e"."ééééééééééééééééééééééééééééééé" values (100, 'new', 1, 100);
update "Keyless; drop table x;--" set "%s {} ?" = 9 where "\.\N
	" = 'r1';
delete from "Keyless; drop table x;--" where ctid = (select min(ctid) from "Keyless; drop table x;--" where "%s {} ?" = 2);
-- @equal
-- @case columns that were dropped before
-- @on source
update dropped set b = 'changed' where id % 2 = 0;
insert into dropped values (100, 'new', 1);
delete from dropped where d = 3;
insert into emptied default values;
-- @equal
-- @call verify => 0 equal
