-- Values stored out of line that an update did not touch are not sent, and must stay.

-- @on source
create table doc (id int primary key, title text, body text, extra jsonb, raw bytea);
alter table doc alter body set storage external, alter extra set storage external, alter raw set storage external;
create table doc_full (title text, body text);
alter table doc_full alter body set storage external;
alter table doc_full replica identity full;
create table doc_index (title text, code text not null, body text);
alter table doc_index alter body set storage external;
create unique index doc_index_code on doc_index (code);
alter table doc_index replica identity using index doc_index_code;
create table long_key (k text primary key, x int, body text);
alter table long_key alter k set storage external, alter body set storage external;
insert into doc select g, 'loaded', repeat(md5(g::text), 300), jsonb_build_object('x', repeat(md5(g::text), 200)),
    convert_to(repeat(md5(g::text), 200), 'UTF8') from generate_series(1, 10) g;
-- @run

-- @case by primary key
-- @on source
update doc set title = 'touched' where id <= 3;
update doc set body = 'short' where id = 4;
update doc set body = repeat('new', 3000), extra = null where id = 5;
update doc set title = null, raw = null where id = 6;
update doc set id = 70 where id = 7;
update doc set id = 80, body = 'with a new key' where id = 8;
-- @equal

-- @case touched and untouched by turns in one transaction
-- @on source
begin;
update doc set body = repeat('a', 9000) where id = 1;
update doc set title = 'one' where id = 1;
update doc set extra = '{"small": true}' where id = 1;
update doc set title = 'two' where id = 1;
insert into doc values (200, 'new', repeat('b', 9000), null, null);
update doc set title = 'new and changed' where id = 200;
update doc set id = 201 where id = 200;
update doc set id = 2000 where id = 2;
update doc set title = 'moved' where id = 2000;
delete from doc where id = 3;
insert into doc values (3, 'back', 'now short', null, null);
commit;
-- @equal
-- @rows
select id, title, length(body) from doc where id in (1, 3, 201, 2000) order by 1
--= 1|two|9000
--= 3|back|9
--= 201|new and changed|9000
--= 2000|moved|9600

-- @case by the whole row
-- @on source
insert into doc_full select 'x', repeat(md5(g::text), 300) from generate_series(1, 4) g;
update doc_full set title = 'y' where body like 'c4ca%';
update doc_full set body = 'short' where body like 'c81e%';
delete from doc_full where body like 'eccb%';
-- @equal

-- @case by another index
-- @on source
insert into doc_index select 'x', 'code ' || g, repeat(md5(g::text), 300) from generate_series(1, 4) g;
update doc_index set title = 'y' where code = 'code 1';
update doc_index set code = 'code 20' where code = 'code 2';
-- @equal

-- @case the key itself is out of line
-- @on source
insert into long_key select repeat(md5(g::text), 75), g, repeat(md5(g::text), 300) from generate_series(1, 5) g;
update long_key set x = x + 100;
update long_key set body = 'short' where x = 101;
update long_key set k = 'short' where x = 102;
delete from long_key where x = 103;
-- @equal
