-- A source without an encoding and a target in UTF-8: what is UTF-8 passes, another row is refused by itself.
-- @database source encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'

-- @on source
create table "Grüße" (id int primary key, t text);
insert into "Grüße" values (1, 'ä');
-- @run --on-data-error log
-- @on source
insert into "Grüße" values (2, convert_from('\xff', 'SQL_ASCII')), (3, 'ö');
-- @equal except public.Grüße
-- @rows
select id, t from "Grüße" order by id
--= 1|ä
--= 3|ö
-- @rows
select operation, new_values from transhume.exception
--= insert|{"t": {"hex": "ff", "encoding": "SQL_ASCII"}, "id": "2"}
