-- Unlogged and temporary tables are in no WAL; one that is made logged is from then on.

-- @on source
create table t (id int primary key);
create unlogged table cache (id int primary key, x text);
insert into cache select g, 'loaded' from generate_series(1, 10) g;
-- @run
-- @case they are loaded, not followed
-- @on source
create temp table scratch (id int primary key, x int);
insert into scratch values (1, 1);
update scratch set x = 2;
insert into cache values (100, 'not followed');
update cache set x = 'not followed' where id = 1;
insert into t values (1);
drop table scratch;
-- @equal except public.cache
-- @rows
select count(*), count(*) filter (where x = 'loaded') from cache
--= 10|10
-- @case the application's statements on it go on working
-- @on source
delete from cache where id = 2;
truncate cache;
-- @equal except public.cache
