-- Large objects are in no stream: a cutover carries over what changed since the load.

-- @on source
create table holder (id int primary key, lo oid);
insert into holder values (1, lo_from_bytea(0, 'loaded')), (2, lo_from_bytea(0, 'changed later')), (3, lo_from_bytea(0, 'goes'));
-- @run
-- @on source
insert into holder values (4, lo_from_bytea(0, 'came later'));
select lo_put(lo, 0, 'CHANGED') from holder where id = 2;
select lo_unlink(lo) from holder where id = 3;
delete from holder where id = 3;
-- @equal
-- @call verify => 0
-- @call cutover --yes => 0
-- @same
-- @rows
select id, convert_from(lo_get(lo), 'UTF8') from holder order by 1
--= 1|loaded
--= 2|CHANGED later
--= 4|came later
-- @rows
select count(*) from pg_largeobject_metadata
--= 3
