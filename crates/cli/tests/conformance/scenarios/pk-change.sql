-- Keys that change: chains, cycles, into keys just given up, and many at once.

-- @on source
create table node (id int primary key, x text);
insert into node select g, 'node ' || g from generate_series(1, 20) g;
create table two (a int, b int, x int, primary key (a, b));
insert into two select g / 4, g % 4, g from generate_series(0, 15) g;
-- @run

-- @case a chain over free keys
-- @on source
begin;
update node set id = 100 where id = 1;
update node set id = 101 where id = 100;
update node set id = 102, x = 'end of the chain' where id = 101;
commit;
-- @equal

-- @case a cycle of three
-- @on source
begin;
update node set id = -2 where id = 2;
update node set id = 2 where id = 3;
update node set id = 3 where id = 4;
update node set id = 4 where id = -2;
commit;
-- @equal
-- @rows
select id, x from node where id in (2, 3, 4) order by 1
--= 2|node 3
--= 3|node 4
--= 4|node 2

-- @case a key is given up and taken by a new row
-- @on source
begin;
update node set id = 500 where id = 5;
insert into node values (5, 'new five');
update node set id = 501 where id = 5;
insert into node values (5, 'newer five');
delete from node where id = 500;
commit;
-- @equal

-- @case all keys move by one, highest first, in one statement each
-- @on source
do $$
begin
    for n in reverse 20..6 loop
        update node set id = n + 1 where id = n;
    end loop;
end $$;
-- @equal

-- @case parts of a key
-- @on source
update two set b = b + 10 where a = 1;
update two set a = 9 where a = 2 and b = 3;
begin;
update two set a = 50 where a = 0 and b = 0;
update two set a = 0, b = 0 where a = 0 and b = 1;
update two set b = 1, a = 0 where a = 50;
commit;
-- @equal
