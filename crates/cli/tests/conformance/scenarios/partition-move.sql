-- An update that moves a row to another partition is a delete and an insert in the stream.

-- @on source
create table parcel (id int, state text, x int, doc text, primary key (id, state)) partition by list (state);
create table parcel_new partition of parcel for values in ('new');
create table parcel_sent partition of parcel for values in ('sent');
create table parcel_done partition of parcel for values in ('done') partition by hash (id);
create table parcel_done_0 partition of parcel_done for values with (modulus 2, remainder 0);
create table parcel_done_1 partition of parcel_done for values with (modulus 2, remainder 1);
alter table parcel_new alter doc set storage external;
alter table parcel_sent alter doc set storage external;
insert into parcel select g, 'new', 0, repeat(md5(g::text), 100) from generate_series(1, 60) g;
-- @run
-- @case there
-- @on source
update parcel set state = 'sent' where id <= 20;
update parcel set state = 'done' where id <= 10;
-- @equal
-- @case there and back within one transaction
-- @on source
begin;
update parcel set state = 'sent', x = 1 where id = 30;
update parcel set x = 2 where id = 30;
update parcel set state = 'done' where id = 30;
update parcel set state = 'new' where id = 30;
update parcel set x = 3 where id = 30;
commit;
-- @equal
-- @case with a new key on the way
-- @on source
update parcel set id = id + 1000, state = 'done' where id between 31 and 40;
-- @equal
-- @rows
select state, count(*) from parcel group by 1 order by 1
--= done|20
--= new|30
--= sent|10
