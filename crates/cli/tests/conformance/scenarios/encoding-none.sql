-- Two databases without an encoding: bytes pass as they are, whatever they are.
-- @database source encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'
-- @database target encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'

-- @on source
create table "Grüße" (id int primary key, t text, many text[]);
create table keyless (t text);
insert into "Grüße" values (1, convert_from('\xff', 'SQL_ASCII'), array[convert_from('\xfe', 'SQL_ASCII')]);
insert into keyless values (convert_from('\xff61', 'SQL_ASCII')), ('ä');
-- @run
-- @case values that are no UTF-8
-- @rows
select id, encode(convert_to(t, 'SQL_ASCII'), 'hex'), encode(convert_to(many[1], 'SQL_ASCII'), 'hex') from "Grüße"
--= 1|ff|fe
-- @on source
insert into "Grüße" select g, convert_from('\xc3', 'SQL_ASCII'), null from generate_series(2, 100) g;
update "Grüße" set t = convert_from('\xe9e9', 'SQL_ASCII') where id = 2;
delete from "Grüße" where id > 3;
delete from keyless where t like convert_from('\xff', 'SQL_ASCII') || '%';
-- @equal except public.Grüße public.keyless
-- @rows
select id, encode(convert_to(t, 'SQL_ASCII'), 'hex') from "Grüße" order by id
--= 1|ff
--= 2|e9e9
--= 3|c3
-- @rows
select t from keyless
--= ä
-- @call verify => 0 
