-- ALTER TABLE that rewrites the whole table sends no rows: what is there must be made equal, or it must be told.

-- @on source
create table t (id int primary key, x int);
insert into t select g, g from generate_series(1, 20) g;
-- @run
-- @case a constant default
-- @on source
alter table t add column c int default 3;
update t set x = 0 where id = 1;
-- @says t
-- @on target
alter table t add column c int default 3;
-- @equal
-- @case a rewrite for a wider type
-- @on source
alter table t alter column x type bigint;
update t set x = 5000000000 where id = 2;
-- @says bigint
-- @on target
alter table t alter column x type bigint;
-- @equal
-- @case CLUSTER, VACUUM FULL and REINDEX are nobody's business
-- @on source
cluster t using t_pkey;
vacuum full t;
reindex table t;
update t set c = 4 where id = 3;
-- @equal
-- @case a volatile default gives every row another value on each side
-- @on source
alter table t add column r double precision default random();
update t set x = 1 where id = 4;
-- @says t
-- @on target
alter table t add column r double precision default random();
-- @case which a verification finds and repairs
-- @on source
insert into t (id, x, r) values (100, 1, 0.5);
-- @rows source
select count(*) from t where id = 100
--= 1
-- @call verify => 1
