-- Statements that another version of the program has announced count once this one has made its event triggers anew.

-- @on source
create table t (id int primary key, v text);
insert into t values (1, 'a');
-- @run --schema-changes replicate
-- @says announce what alters the schema
-- @equal
-- @case announced while nobody reads, then another version comes
-- @kill
-- @on source
alter table t add column n int default 5;
insert into t values (2, 'b', 6);
alter table t rename column v to w;
insert into t values (3, 'c', 7);
do $$ begin execute format('alter table %I.key alter column version set default %L',
  (select nspname from pg_namespace where nspname like 'transhume%ddl'), 'another'); end $$;
insert into t values (4, 'd', 8);
-- @run --schema-changes replicate
-- @equal
-- @same
-- @rows
select id, w, n from t order by id
--= 1|a|5
--= 2|b|6
--= 3|c|7
--= 4|d|8
-- @on source
alter table t drop column n;
insert into t values (5, 'e');
-- @equal
-- @same
-- @case a run without the setting takes them away, and says so
-- @kill
-- @run
-- @says neither announced nor refused any more
-- @rows source
select count(*) from pg_event_trigger
--= 0
