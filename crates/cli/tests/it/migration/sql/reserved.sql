-- Options that somebody set, texts that look like options of the server's own, and options of the server's own that no
-- pg_dump knows yet: wherever a catalog has room for them.
create table kept (
    id int primary key with (fillfactor = 80),
    note text default '); ALTER TABLE kept ALTER COLUMN note SET (pg_attver=1); (',
    amount numeric
) with (fillfactor = 70, autovacuum_enabled = off, toast.autovacuum_enabled = off);
alter table kept alter note set (n_distinct = 5, n_distinct_inherited = 7), alter note set statistics 300;
alter table kept alter amount set (n_distinct = -0.5);
create index kept_note on kept (lower(note), amount) with (fillfactor = 60) where amount > 0;
alter index kept_note alter column 1 set statistics 77;
create view seen with (security_barrier = true) as
with pg_told as (select id, ' WITH (pg_told=1) '::text as "SET (pg_told=1)" from kept)
select * from pg_told;
create materialized view counted with (fillfactor = 50) as select count(*) as rows from kept;
create table parts (id int primary key, note text) partition by range (id);
create table parts_low partition of parts for values from (0) to (1000) with (fillfactor = 90);
create table booked (
    first int, last int,
    exclude using gist (int4range(first, last) with &&) with (fillfactor = 75)
);
alter index booked_int4range_excl alter column 1 set statistics 55;
create function told() returns text language sql
    as $_$ select ' CREATE TABLE t (); ALTER TABLE t ALTER a SET (pg_told=1); ' $_$;
create foreign data wrapper elsewhere options (pg_own 'yes');
insert into kept (id, amount) select n, n from generate_series(1, 100) n;
insert into parts select n, 'x' from generate_series(1, 100) n;
insert into booked select n * 10, n * 10 + 5 from generate_series(1, 100) n;
refresh materialized view counted;

set allow_system_table_mods = on;
update pg_catalog.pg_attribute a
set attoptions = array_append(a.attoptions, 'pg_planted=1')
from pg_catalog.pg_class c
where c.oid = a.attrelid and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
  and a.attnum > 0 and not a.attisdropped;
update pg_catalog.pg_class c
set reloptions = array_cat(array['pg_first=1'], array_append(c.reloptions, 'pg_planted=x,)'))
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'i');
