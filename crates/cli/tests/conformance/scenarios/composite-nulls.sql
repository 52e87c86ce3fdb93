-- A row of NULLs is another value than NULL, and a row with one NULL in it "is not null" neither; without a key such values
-- find the row.

-- @on source
create type addr as (street text, unit text);
create type person as (name text, home addr);
create domain place as addr;
create table k (home addr);
insert into k values (row(null, null)), (null);
create table nested (p person, at place, many addr[]);
alter table nested replica identity full;
insert into nested values
    (('ann', ('Main St 1', null)), null, null),
    (('bob', null), row(null, null), array[row(null, null), null]::addr[]),
    (('eve', row(null, null)), ('x', null), '{}'),
    (null, row(null, null), null), (row(null, null), null, null);
create table many (id int, home addr);
insert into many select g, case g % 3 when 0 then null when 1 then row(null, null)::addr else row('s', null)::addr end
    from generate_series(1, 60) g;
create table keyed (home addr primary key, n int);
insert into keyed values (row(null, null), 1), (row('a', null), 2), (row('a', 'b'), 3);
create table partly (id int, home addr) partition by range (id);
create table partly_1 partition of partly for values from (0) to (10);
insert into partly values (1, null), (1, row(null, null));
-- @run
-- @case the row that was deleted is the one that goes
-- @on source
delete from k where home::text is null;
-- @equal
-- @rows
select home::text from k
--= (,)
-- @on source
insert into k values (null), (null), (row(null, null));
delete from k where home::text = '(,)';
-- @equal
-- @case deleted and updated one by one
-- @on source
update nested set many = array[null]::addr[] where (p).name = 'ann';
delete from nested where (p).name = 'ann';
update nested set at = null where (p).name = 'bob';
update nested set p = null where (p).name = 'eve';
delete from nested where p::text is null and at::text = '(,)';
delete from partly where home::text is null;
-- @equal
-- @case in sets, where NULL and rows of NULLs are mixed
-- @on source
update many set id = id + 100 where home::text is null;
update many set id = id + 200 where home::text = '(,)';
update many set home = null where home::text = '(s,)' and id % 2 = 0;
begin;
delete from many where home::text is null and id > 110;
delete from many where home::text = '(,)' and id > 220;
delete from many where home::text = '(s,)' and id > 20;
commit;
-- @equal
-- @case as a key
-- @on source
update keyed set n = 10 where n = 1;
update keyed set home = row(null, 'c') where n = 2;
delete from keyed where n = 3;
-- @equal
-- @call verify => 0 
