-- Triggers, rules and foreign keys do not act a second time on rows that are applied.

-- @on source
create table parent (id int primary key);
create table child (id int primary key, parent_id int references parent on delete cascade on update cascade);
create table audit (line text);
create function note() returns trigger language plpgsql as $$
begin
    insert into audit values (tg_table_name || ' ' || tg_op);
    return null;
end $$;
create trigger after_parent after insert or update or delete on parent for each row execute function note();
create trigger whole after truncate on child for each statement execute function note();
create function upper_case() returns trigger language plpgsql as $$
begin
    new.x := new.x || '+';
    return new;
end $$;
create table stamped (id int primary key, x text);
create trigger before_stamped before insert or update on stamped for each row execute function upper_case();
create table ruled (id int primary key, x int);
create rule twice as on insert to ruled do also insert into audit values ('rule');
create table checked (id int primary key, x int check (x > 0));
create table late_fk (id int primary key, next_id int references late_fk deferrable initially deferred);
-- @run
-- @case what triggers and rules did on the source is there once
-- @on source
insert into parent select generate_series(1, 5);
insert into child select g, g from generate_series(1, 5) g;
update parent set id = 10 where id = 1;
delete from parent where id = 2;
insert into stamped values (1, 'a');
update stamped set x = 'b';
insert into ruled values (1, 1);
truncate child;
-- @equal
-- @rows
select x from stamped
--= b+
-- @case references that hold only at the end of a transaction
-- @on source
begin;
insert into late_fk values (1, 2);
insert into late_fk values (2, 1);
commit;
begin;
delete from late_fk where id = 1;
insert into late_fk values (1, 2);
commit;
-- @equal
-- @case after the cutover they act again
-- @call verify => 0
-- @call cutover --yes => 0
-- @same
-- @on target
insert into stamped values (2, 'target');
delete from parent where id = 3;
-- @rows
select x from stamped where id = 2 union all select count(*)::text from audit where line = 'parent DELETE'
--= target+
--= 2
