-- New rows of a table in large numbers are copied in; values travel in binary format where their type has a fixed one.

-- @on source
create type colour as enum ('red', 'dark blue');
create domain short as varchar(10) check (value <> 'never');
create table bulk (
    id int generated always as identity primary key, ok boolean, s smallint, b bigint, r real, d double precision, n numeric,
    f numeric(8, 2), dt date, tm time, ts timestamp(3), tsz timestamptz, u uuid, by bytea, t text, v varchar(40), c char(5),
    j json, jb jsonb, e colour, m short, doubled numeric generated always as (f * 2) stored);
create table parted (id int, day date, note text, primary key (id, day)) partition by range (day);
create table parted_old partition of parted for values from (minvalue) to ('2020-01-01');
create table parted_new partition of parted for values from ('2020-01-01') to (maxvalue);
create table coded (id int primary key, code text unique);
insert into coded values (1, 'a'), (2, 'b');
create table by_moment (k timestamptz primary key, n int);
create table by_number (k numeric primary key, n int);
create table by_uuid (k uuid primary key, n int);
create table by_bytes (k bytea primary key, n int);
create table by_day (k date primary key, n int);
create table by_float (k double precision primary key, n int);
create table ledger (n numeric, at timestamp, ok boolean);
-- @run
-- @case every such type, nulls and extremes among them
-- @on source
insert into bulk (ok, s, b, r, d, n, f, dt, tm, ts, tsz, u, by, t, v, c, j, jb, e, m)
select g % 2 = 0, g, -g::bigint << 40, 1.0 / g, -1e300 / g, (g::numeric ^ 9) / 10000000, g / 7.0,
       date '2000-03-01' - g * 1000, time '00:00' + g * interval '123.456789 s', timestamp '2000-01-01' - g * interval '37 days 0.001 s',
       timestamptz '1999-12-31 23:59:59.999999+00' + g * interval '1 year 1 s', md5(g::text)::uuid, decode(md5(g::text), 'hex'),
       E'\\ \t\n ü€😀 ' || g, repeat('v', g % 40), 'c' || g, '{"a":  1, "a": 2}', jsonb_build_array(g, null, 1.0),
       (array['red', 'dark blue', null])[1 + g % 3]::colour, left('m' || g, 10)
from generate_series(1, 400) g;
insert into bulk (n, d, r, dt, tm, ts, tsz, by, t)
select n, d, d::real, dt, tm, ts, ts, '', ''
from (values
    ('NaN'::numeric, 'NaN'::float8, 'infinity'::date, '24:00:00'::time, 'infinity'::timestamp),
    (0.000, '-0', '4714-11-24 BC', '00:00:00.000001', '4714-11-24 00:00:00 BC'),
    (-0.0001, 'Infinity', '5874897-12-31', '23:59:59.999999', '294276-12-31 23:59:59.999'),
    (12345678901234567890123456789012345678901234567890.00000000000000000001, '-Infinity', '0001-01-01', '12:00', '0001-12-31 23:59:59 BC'),
    (1e131000, 0.1::float8 + 0.2, '10000-01-01', null, '1900-02-28'), (1e-16380, 5e-30, '2000-02-29', null, '2400-02-29'),
    (-10000, 1, '1900-03-01', null, '9999-12-31 23:59:59.5'), (99990000.0001, 1e15, '-infinity', null, '-infinity')
) x (n, d, dt, tm, ts), generate_series(1, 20);
insert into parted select g, date '2019-06-01' + g, 'p' || g from generate_series(1, 500) g;
insert into ledger select g % 5, timestamp '2020-01-01' + g * interval '1 h', g % 2 = 0 from generate_series(1, 300) g;
-- @equal
-- @case changes of many rows, and of keys of these types
-- @on source
update bulk set d = -d, n = n * 2, tsz = tsz - interval '1 us', by = by || '\xff', u = null, dt = dt - 1, ok = not ok
where id <= 400 and id % 3 = 0;
insert into by_moment select timestamptz '1970-01-01' + g * interval '1.000001 s', 0 from generate_series(1, 200) g;
insert into by_number select g / 8.0, 0 from generate_series(1, 200) g;
insert into by_uuid select md5(g::text)::uuid, 0 from generate_series(1, 200) g;
insert into by_bytes select int4send(g), 0 from generate_series(1, 200) g;
insert into by_day select date '1999-12-01' + g, 0 from generate_series(1, 200) g;
insert into by_float select 1.0::float8 / g, 0 from generate_series(1, 200) g;
update by_moment set n = 1 where k > '1970-01-01 00:01:00+00';
update by_number set n = 1 where k > 3;
update by_uuid set n = 1 where k > '80000000-0000-0000-0000-000000000000';
update by_bytes set n = 1 where k > '\x00000033';
update by_day set n = 1 where k > '2000-01-01';
update by_float set n = 1 where k > 0.1;
delete from by_moment where k < '1970-01-01 00:00:30+00';
delete from by_float where k < 0.01;
update by_number set k = k + 1000 where n = 1;
delete from ledger where n = 3;
-- @equal
-- @case two rows that exchange a unique value amid many new ones
-- @on source
begin;
insert into coded select g, 'code ' || g from generate_series(10, 400) g;
update coded set code = 'x' where id = 1;
update coded set code = 'a' where id = 2;
update coded set code = 'b' where id = 1;
commit;
-- @equal
-- @case a row of many is there already
-- @on target
insert into coded values (700, 'from nowhere');
-- @on source
insert into coded select g, 'more ' || g from generate_series(500, 900) g;
-- @stops public.coded
-- @rows
select count(*) from coded where id >= 500
--= 1
-- @on target
delete from coded where id = 700;
-- @run
-- @equal
-- @case the table is away when many rows come
-- A run that goes on meanwhile may stop with the missing name or have seen the new one: one that begins knows it.
-- @kill
-- @on target
alter table coded rename to away;
-- @on source
insert into coded select g, 'again ' || g from generate_series(1000, 1400) g;
-- @run
-- @says the target calls it public.away
-- @on target
alter table away rename to coded;
-- @equal
