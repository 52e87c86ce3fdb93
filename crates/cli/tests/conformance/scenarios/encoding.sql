-- A source in LATIN1 and a target in UTF8.
-- @database source encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'

-- @on source
create table "Grüße" (id int primary key, "ärger" text, c char(4), v varchar(3));
insert into "Grüße" values (1, 'Straße', 'äöü', 'ßßß');
create type "größe" as enum ('klein', 'groß');
create table sized ("größe" "größe" primary key, note text);
-- @run
-- @case names, values, keys and labels
-- @on source
insert into "Grüße" values (2, 'déjà vu ¿', 'é', 'ñ'), (3, '', null, null);
update "Grüße" set "ärger" = 'großer Ärger' where id = 1;
insert into sized values ('groß', 'ja'), ('klein', 'nö');
update sized set note = 'très' where "größe" = 'groß';
delete from sized where "größe" = 'klein';
-- @equal
