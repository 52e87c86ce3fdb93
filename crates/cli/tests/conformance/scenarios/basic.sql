-- Inserts, updates and deletes of ordinary tables, before, during and after the load.

-- @case rows that are loaded and rows that follow
-- @on source
create table item (id int primary key, label text, amount numeric(12, 2) default 0);
insert into item select g, 'item ' || g, g / 7.0 from generate_series(1, 500) g;
create table empty_at_first (a int primary key);
-- @run
-- @on source
insert into item select g, null, -g from generate_series(501, 520) g;
update item set label = label || '!' where id % 10 = 0;
update item set amount = null where id = 7;
delete from item where id between 100 and 150;
insert into empty_at_first values (1), (2);
delete from empty_at_first where a = 1;
-- @equal
-- @rows
select count(*), sum(amount) filter (where id > 500), count(*) filter (where label like '%!') from item
--= 469|-10210.00|44

-- @case everything happens to one key in one transaction
-- @on source
begin;
insert into item values (900, 'first', 1);
update item set label = 'second' where id = 900;
delete from item where id = 900;
insert into item values (900, 'third', 3);
update item set amount = 4 where id = 900;
commit;
begin;
delete from item where id = 1;
insert into item values (1, 'again', 1);
update item set label = 'and again' where id = 1;
delete from item where id = 1;
commit;
-- @equal
-- @rows
select label, amount from item where id = 900
--= third|4.00

-- @case a rolled back transaction leaves nothing
-- @on source
begin;
update item set label = 'never';
delete from empty_at_first;
rollback;
-- @equal

-- @case updates that change nothing
-- @on source
update item set label = label;
-- @equal

-- @case COPY, upserts and MERGE
-- @on source
insert into item select g, 'upsert', 1 from generate_series(495, 505) g
    on conflict (id) do update set label = excluded.label, amount = item.amount + 1;
merge into item using (values (2, 'merged'), (3000, 'merged')) as v (id, label) on item.id = v.id
    when matched then update set label = v.label
    when not matched then insert values (v.id, v.label, 0);
-- @equal

-- @case two transactions that begin in one order and commit in the other
-- @on source
begin;
insert into item values (2001, 'began first', 0);
-- @on source as other
begin;
insert into item values (2002, 'began second', 0);
commit;
-- @on source
commit;
-- @equal
-- @call verify => 0
