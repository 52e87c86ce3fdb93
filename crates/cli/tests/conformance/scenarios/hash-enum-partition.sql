-- Hash partitions of an enum: its labels have other OIDs on the target, so the same row belongs elsewhere there.

-- @on source
create type kind as enum ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
create table thing (id int, k kind not null, x int) partition by hash (k);
create table thing_0 partition of thing for values with (modulus 2, remainder 0);
create table thing_1 partition of thing for values with (modulus 2, remainder 1);
insert into thing select g, (enum_range(null::kind))[1 + g % 8], g from generate_series(1, 80) g;
create table by_text (k text not null, x int) partition by hash (k);
create table by_text_0 partition of by_text for values with (modulus 2, remainder 0);
create table by_text_1 partition of by_text for values with (modulus 2, remainder 1);
alter table by_text_0 replica identity full;
alter table by_text_1 replica identity full;
insert into by_text select 't' || g, g from generate_series(1, 50) g;
-- @case it is refused beforehand, with what to do
-- @call assess => 1 by the hash of an enum
-- @case all else goes on without it
-- @run --exclude public.thing*
-- @on source
insert into by_text values ('new', 1);
update by_text set x = 0 where k like 't1%';
delete from by_text where k like 't2%';
update by_text set k = 'moved ' || k where k like 't3%';
insert into thing values (1000, 'a', 1);
-- @equal except public.thing_0 public.thing_1
