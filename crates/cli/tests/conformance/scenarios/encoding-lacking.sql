-- A source in EUC_JP with a character that UTF-8 lacks: the row is refused, not the stream, and a policy says what becomes of it.
-- @database source encoding 'EUC_JP' lc_collate 'C' lc_ctype 'C'

-- @on source
create table x (id int primary key, t text);
insert into x values (1, 'あ');
-- @run
-- @case characters of both
-- @on source
insert into x values (2, 'いろは');
-- @equal
-- @case one that only the source has stops the run with the row's table
-- @on source
begin;
insert into x values (3, 'a');
insert into x values (4, convert_from('\xa9a1', 'EUC_JP'));
insert into x values (5, 'に');
commit;
-- @stops INSERT of public.x cannot be applied: character with byte sequence
-- @case and is stored as its bytes where that is wanted
-- @run --on-data-error log
-- @equal except public.x
-- @rows
select id, t from x order by id
--= 1|あ
--= 2|いろは
--= 3|a
--= 5|に
-- @rows
select operation, new_values from transhume.exception
--= insert|{"t": {"hex": "a9a1", "encoding": "EUC_JP"}, "id": "4"}
-- @case what follows is applied
-- @on source
update x set t = 'ほ' where id = 5;
-- @equal except public.x
-- @rows
select t from x where id = 5
--= ほ
