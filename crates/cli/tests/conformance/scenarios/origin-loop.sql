-- The source is itself fed by replication: what came to it from elsewhere is followed like any other change.

-- @on source
create table t (id int primary key, x text);
create table ledger (n int);
-- @run
-- @case changes that carry an origin
-- @on source as fed
select pg_replication_origin_create('conformance elsewhere');
select pg_replication_origin_session_setup('conformance elsewhere');
begin;
select pg_replication_origin_xact_setup('0/ABCD', '2024-01-01');
insert into t values (1, 'from elsewhere');
insert into ledger values (1);
commit;
-- @on source
insert into t values (2, 'own');
-- @on source as fed
begin;
select pg_replication_origin_xact_setup('0/ABCE', '2024-01-02');
update t set x = 'changed elsewhere' where id = 2;
commit;
select pg_replication_origin_session_reset();
select pg_replication_origin_drop('conformance elsewhere');
-- @equal
-- @rows
select id, x from t order by 1
--= 1|from elsewhere
--= 2|changed elsewhere
