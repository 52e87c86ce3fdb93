-- The whole row is its identity: equal rows, nulls, types that know no equality, numbers with other digits.

-- @on source
create table twin (a int, b text);
alter table twin replica identity full;
insert into twin select 1, 'same' from generate_series(1, 6);
create table odd (j json, p point, x xml, n numeric, f float8, c char(6));
alter table odd replica identity full;
create table keyed_full (id int primary key, x text, big text);
alter table keyed_full alter big set storage external;
alter table keyed_full replica identity full;
create table no_identity_at_all (a int, b int);
-- @run

-- @case exactly one of several equal rows
-- @on source
update twin set b = 'one changed' where ctid = (select min(ctid) from twin);
delete from twin where ctid = (select max(ctid) from twin);
insert into twin values (null, null), (null, null), (1, 'same');
delete from twin where ctid = (select min(ctid) from twin where a is null);
-- @equal
-- @rows
select coalesce(b, 'nothing'), count(*) from twin group by 1 order by 1
--= nothing|1
--= same|6

-- @case several equal rows in one transaction
-- @on source
begin;
insert into twin select 2, 'new' from generate_series(1, 4);
update twin set b = 'newer' where ctid in (select ctid from twin where a = 2 limit 2);
delete from twin where ctid = (select min(ctid) from twin where b = 'newer');
delete from twin where ctid = (select min(ctid) from twin where b = 'new');
commit;
-- @equal

-- @case types without an equality, and values that are equal but not the same
-- @on source
insert into odd values ('{"a": 1}', '(1,2)', '<a/>', 1.0, 0, 'x'), ('{"a":1}', '(1,2)', '<a/>', 1.00, '-0', 'x '),
    (null, null, null, 'NaN', 'NaN', null);
update odd set c = 'first' where n::text = '1.0';
update odd set c = 'second' where n::text = '1.00';
update odd set c = 'third' where n = 'NaN';
delete from odd where c = 'first';
-- @equal

-- @case a key is there too
-- @on source
insert into keyed_full select g, 'x', repeat(md5(g::text), 200) from generate_series(1, 5) g;
update keyed_full set x = 'y' where id = 1;
update keyed_full set id = 20 where id = 2;
update keyed_full set big = null where id = 3;
delete from keyed_full where id = 4;
-- @equal

-- @case a table without any key was made FULL for the migration
-- @on source
insert into no_identity_at_all values (1, 1), (1, 1), (2, 2);
update no_identity_at_all set b = 3 where a = 2;
delete from no_identity_at_all where ctid = (select min(ctid) from no_identity_at_all where a = 1);
-- @equal
