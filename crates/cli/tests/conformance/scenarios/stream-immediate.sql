-- Every transaction comes before its commit, change by change: what is otherwise a matter of size is the rule.

-- @servers 18 18
-- @on source
alter system set debug_logical_replication_streaming = 'immediate';
select pg_reload_conf();
create table t (id int primary key, x text);
create table ledger (n int);
alter table ledger replica identity full;
create table tree (id int, part int, x text, primary key (id, part)) partition by list (part);
create table tree_1 partition of tree for values in (1);
create table tree_2 partition of tree for values in (2);
-- @run --early-from 1B
-- @case small ones
-- @on source
insert into t values (1, 'one');
begin;
insert into t values (2, 'two');
update t set x = 'changed' where id = 1;
insert into ledger values (1), (1), (2);
delete from ledger where ctid = (select min(ctid) from ledger where n = 1);
insert into tree values (1, 1, 'moves'), (2, 2, 'stays');
update tree set part = 2 where id = 1;
commit;
-- @equal
-- @rows source
select stream_txns > 0 as came_in_progress from pg_stat_replication_slots join pg_replication_slots using (slot_name) where database = current_database()
--= t
-- @case sessions in turns
-- @on source as first
begin;
insert into t values (10, 'first');
-- @on source as second
begin;
insert into t values (20, 'second');
savepoint a;
update t set x = 'never' where id = 2;
-- @on source as first
update t set x = 'by the first' where id = 1;
commit;
-- @on source as second
rollback to a;
delete from t where id = 1;
commit;
-- @equal
-- @case messages and truncations
-- @on source
begin;
select pg_logical_emit_message(true, 'app', 'inside');
insert into ledger values (9);
truncate ledger;
insert into ledger values (10);
insert into t values (30, 'thirty');
commit;
-- @equal
-- @case the way over
-- @call verify => 0
-- @call cutover --yes => 0
-- @same
