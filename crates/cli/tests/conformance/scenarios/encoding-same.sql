-- Equal encodings are never converted: this one has bytes that no other encoding knows.
-- @database source encoding 'WIN1252' lc_collate 'C' lc_ctype 'C'
-- @database target encoding 'WIN1252' lc_collate 'C' lc_ctype 'C'

-- @on source
create type mood as enum ('gut', 'schlecht');
create table x (id int primary key, t text, c char(4), m mood);
insert into x values (1, convert_from('\x8180', 'WIN1252'), 'é', 'gut');
-- @run
-- @case bytes without a meaning, in the load and in the stream
-- @on source
insert into x select g, convert_from('\x8d', 'WIN1252'), 'é', 'schlecht' from generate_series(2, 80) g;
update x set t = convert_from('\x81e9', 'WIN1252') where id = 2;
delete from x where id > 3;
-- @equal except public.x
-- @rows
select id, encode(convert_to(t, 'WIN1252'), 'hex'), c, m from x order by id
--= 1|8180|é   |gut
--= 2|81e9|é   |schlecht
--= 3|8d|é   |schlecht
-- @call verify => 0 
