-- From 18 on a column may be NOT NULL without having been checked: NULLs are among the rows, and in the keys by which they are compared.
-- @servers 18 18

-- @on source
create table part (id int, label text, unique (id));
insert into part values (null, 'a'), (null, 'b'), (1, 'c');
alter table part add constraint id_is_there not null id not valid;
alter table part replica identity full;
-- @run
-- @case the rows are found equal
-- @on source
insert into part values (2, 'd');
update part set label = 'e' where id = 1;
-- @equal
-- @call verify => 0
