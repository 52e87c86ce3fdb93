-- The source refuses statements that would alter the schema, says why, and takes them again when asked to.

-- @on source
create table t (id int primary key, v text);
insert into t values (1, 'a');
-- @run --schema-changes refuse
-- @says refuse what alters the schema
-- @equal
-- @on source
do $$ begin alter table t add column w text; raise 'it was taken'; exception when object_not_in_prerequisite_state then insert into t values (2, sqlerrm); end $$;
do $$ begin drop table t; raise 'it was taken'; exception when object_not_in_prerequisite_state then insert into t values (3, sqlerrm); end $$;
create temporary table mine (id int);
drop table mine;
grant select on t to public;
-- @equal
-- @rows
select id, v from t where id > 1 order by id
--= 2|ALTER TABLE of table public.t is refused while this database is being moved
--= 3|DROP TABLE of table public.t is refused while this database is being moved
-- @case until another value is set
-- @kill
-- @run --schema-changes hold
-- @says neither announced nor refused any more
-- @on source
alter table t add column w text;
insert into t values (4, 'd', 'w');
-- @equal
-- @rows source
select count(*) from pg_event_trigger
--= 0
