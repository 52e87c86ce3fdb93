-- A table whose owner said NOTHING: its updates would be refused once it is published, so it is told or given FULL.

-- @on source
create table log (at timestamptz default now(), line text);
alter table log replica identity nothing;
create table keyed_nothing (id int primary key, x int);
alter table keyed_nothing replica identity nothing;
insert into log (line) values ('before');
insert into keyed_nothing values (1, 1), (2, 2);
-- @run
-- @case the application's statements work as before
-- @on source
insert into log (line) values ('after'), ('after');
update log set line = 'changed' where line = 'before';
delete from log where ctid = (select min(ctid) from log where line = 'after');
insert into keyed_nothing values (3, 3);
update keyed_nothing set x = 10 where id = 1;
delete from keyed_nothing where id = 2;
-- @equal

-- @case the identity that was changed is put back
-- @kill
-- @call abort --yes => 0
-- @rows source
select relname, relreplident from pg_class where relname in ('log', 'keyed_nothing') order by 1
--= keyed_nothing|n
--= log|n
