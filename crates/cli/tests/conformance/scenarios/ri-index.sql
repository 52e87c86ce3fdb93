-- A unique index identifies the row: other than the primary key, of several columns, in another order, beside partial ones.

-- @on source
create table by_code (id int primary key, code text not null, x int);
create unique index by_code_code on by_code (code);
alter table by_code replica identity using index by_code_code;
create table no_primary (a int not null, b int not null, x text, unique (b, a));
alter table no_primary replica identity using index no_primary_b_a_key;
create table many_indexes (a int not null, b text, c int);
create unique index partial on many_indexes (a) where c > 0;
create index expression on many_indexes ((a + 1));
create unique index whole on many_indexes (a);
alter table many_indexes replica identity using index whole;
insert into by_code select g, 'code ' || g, 0 from generate_series(1, 20) g;
-- @run
-- @case changes by the index, of the index and beside the index
-- @on source
update by_code set x = 1 where id = 3;
update by_code set code = 'new code' where id = 4;
update by_code set id = 100 where id = 5;
update by_code set id = 101, code = 'both' where id = 6;
delete from by_code where id = 7;
insert into no_primary select g % 3, g, 'x' from generate_series(1, 20) g;
update no_primary set x = null where a = 0;
update no_primary set a = a + 10 where a = 1;
delete from no_primary where a = 2;
insert into many_indexes select g, 'b', g % 2 from generate_series(1, 20) g;
update many_indexes set c = 1 - c;
delete from many_indexes where a > 15;
-- @equal

-- @case two rows exchange the primary key that identifies neither
-- @on source
begin;
update by_code set id = -1 where code = 'code 1';
update by_code set id = 1 where code = 'code 2';
update by_code set id = 2 where code = 'code 1';
commit;
-- @equal
-- @rows
select id, code from by_code where id in (1, 2) order by id
--= 1|code 2
--= 2|code 1

-- @case the identity goes back to the primary key while it is followed
-- @on source
alter table by_code replica identity default;
update by_code set code = 'after' where id = 100;
delete from by_code where id = 101;
-- @equal
