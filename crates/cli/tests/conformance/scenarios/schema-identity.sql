-- Columns are followed by what they are, whatever they are called, exchanged or made anew under a name that was another's.

-- @on source
create table swapped (id int primary key, a text, b text);
insert into swapped values (1, 'a1', 'b1');
create table kept (id int primary key, v text);
insert into kept values (1, 'old');
create table behind (id int primary key, v text);
insert into behind values (1, 'old');
create table reused (id int primary key, v text, x int);
insert into reused values (1, 'old', 1);
create table anew (id int primary key, v text);
insert into anew values (1, 'old');
create table anew_within (id int primary key, v text);
insert into anew_within values (1, 'old');
create table one (id int primary key, v text);
create table two (id int primary key, v text);
insert into one values (1, 'of one');
insert into two values (1, 'of two');
create table early (id int primary key, a text, b text);
create table left_one (id int primary key, v text);
create table right_one (id int primary key, v text);
create table calm (id int primary key, v text);
insert into calm values (1, 'a');
-- @run
-- @equal
-- @case looked at again and again, with nothing altered
-- @on source
insert into calm values (2, 'b');
analyze calm;
insert into calm values (3, 'c');
vacuum calm;
update calm set v = 'd';
-- @equal
-- @case names of two columns exchanged, in one transaction with rows
-- @on source
insert into swapped values (2, 'a2', 'b2');
begin;
insert into swapped values (3, 'a3', 'b3');
alter table swapped rename a to t;
alter table swapped rename b to a;
alter table swapped rename t to b;
insert into swapped (id, a, b) values (4, 'was b', 'was a');
commit;
update swapped set a = a || ' again';
-- @says rename column
-- @on target
alter table swapped rename a to t;
alter table swapped rename b to a;
alter table swapped rename t to b;
-- @equal
-- @case and exchanged back, while nobody follows
-- @kill
-- @on source
insert into swapped (id, a, b) values (5, 'a5', 'b5');
alter table swapped rename a to t;
insert into swapped (id, t, b) values (6, 't6', 'b6');
alter table swapped rename b to a;
alter table swapped rename t to b;
insert into swapped (id, a, b) values (7, 'a7', 'b7');
-- @on target
alter table swapped rename a to t;
alter table swapped rename b to a;
alter table swapped rename t to b;
-- @run
-- @equal
-- @case a column renamed, and one made under its old name
-- @on source
alter table kept rename v to w;
alter table kept add v text;
insert into kept values (2, 'w2', 'v2');
update kept set v = 'v1' where id = 1;
-- @says rename column "v" to "w"
-- @on target
alter table kept rename v to w;
alter table kept add v text;
-- @equal
-- @case the same, and the target is ahead of the stream
-- @kill
-- @on source
insert into behind values (2, 'before');
alter table behind rename v to w;
insert into behind values (3, 'between');
alter table behind add v text;
insert into behind values (4, 'w4', 'v4');
-- @on target
alter table behind rename v to w;
alter table behind add v text;
-- @run
-- @equal
-- @rows
select id, w, v from behind order by 1
--= 1|old|null
--= 2|before|null
--= 3|between|null
--= 4|w4|v4
-- @case a column renamed, its name given to another, then dropped: loaded anew by itself
-- @kill
-- @on source
insert into reused values (2, 'before', 2);
alter table reused rename v to w;
insert into reused values (3, 'between', 3);
alter table reused add v text;
insert into reused values (4, 'w4', 4, 'v4');
alter table reused drop w;
insert into reused values (5, 5, 'v5');
-- @run
-- @says public.reused is to be loaded anew
-- @equal
-- @case a column dropped and made again
-- @on source
alter table anew drop v;
alter table anew add v text;
insert into anew values (2, 'made anew');
-- @says public.anew is to be loaded anew
-- @equal
-- @case the same in one transaction, between its rows
-- @on source
begin;
insert into anew_within values (2, 'before');
alter table anew_within drop v;
alter table anew_within add v text;
insert into anew_within values (3, 'made anew');
commit;
-- @says public.anew_within is to be loaded anew
-- @equal
-- @case names of two tables exchanged, with rows before and behind
-- @on source
insert into one values (2, 'of one');
begin;
alter table one rename to t;
alter table two rename to one;
alter table t rename to two;
insert into one values (2, 'of two');
commit;
insert into two values (3, 'of one');
-- @says rename to
-- @on target
alter table one rename to t;
alter table two rename to one;
alter table t rename to two;
-- @equal
-- @case names on the target are ahead, while changes are in flight
-- @on source
insert into early values (1, 'a1', 'b1');
insert into left_one values (1, 'of left');
insert into right_one values (1, 'of right');
-- @equal
-- @on target
begin;
alter table early rename a to t;
alter table early rename b to a;
alter table early rename t to b;
alter table left_one rename to t;
alter table right_one rename to left_one;
alter table t rename to right_one;
commit;
-- @on source
insert into early values (2, 'a2', 'b2');
insert into left_one values (2, 'of left');
insert into right_one values (2, 'of right');
update right_one set v = 'still of right' where id = 1;
begin;
alter table early rename a to t;
alter table early rename b to a;
alter table early rename t to b;
alter table left_one rename to t;
alter table right_one rename to left_one;
alter table t rename to right_one;
insert into early (id, a, b) values (3, 'was b', 'was a');
insert into left_one values (3, 'of right');
commit;
-- @equal
-- @case a column of the target has its new name, while changes are in flight
-- @on target
alter table early rename a to z;
-- @on source
insert into early (id, a, b) values (4, 'was b', 'was a');
alter table early rename a to z;
insert into early (id, z, b) values (5, 'was b', 'was a');
-- @equal
-- @case what was followed so is in step
-- @call verify => 0
-- @call cutover --check => 0
