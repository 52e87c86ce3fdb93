-- Logical messages of others pass by: plain ones, transactional ones, large ones, rolled back ones.

-- @on source
create table t (id int primary key);
-- @run
-- @case between and within transactions
-- @on source
select pg_logical_emit_message(false, 'app', 'plain');
select pg_logical_emit_message(true, 'app', 'transactional');
begin;
insert into t values (1);
select pg_logical_emit_message(true, 'app', 'inside');
select pg_logical_emit_message(false, 'app', 'at once');
insert into t values (2);
commit;
begin;
insert into t values (3);
select pg_logical_emit_message(true, 'app', 'never');
rollback;
-- @equal
-- @case large, binary, and with our own prefix
-- @on source
select pg_logical_emit_message(true, 'app', decode(repeat('00ff', 500000), 'hex'));
select pg_logical_emit_message(true, 'transhume', 'drop table t');
select pg_logical_emit_message(false, 'transhume', '{"fence": "0/0"}');
select pg_logical_emit_message(true, '', '');
insert into t values (4);
-- @equal
-- @case nobody takes a message of others for the fence
-- @call verify => 0
-- @call cutover --yes => 0
-- @same
