-- Values of every family of types, as plain columns and as keys.

-- @case numbers, texts, times and their extremes
-- @on source
create table scalar (
    id int primary key, s smallint, b bigint, n numeric, r real, d double precision, m money, t text, c char(5),
    v varchar(9), one "char", nm name, by bytea, bits bit(3), vb bit varying, dt date, tm time, tz timetz,
    ts timestamp, tsz timestamptz, iv interval, u uuid, ip inet, net cidr, mac macaddr, ok boolean);
-- @run
-- @on source
insert into scalar values
    (1, -32768, 9223372036854775807, 'NaN', 'Infinity', '-0', '-12.34', E'tab\t nl\n \\ ''"', 'ab   ', 'x', 'c', 'n',
     '\x00ff27', B'101', B'', '4713-01-01 BC', '24:00:00', '00:00:00+15:59', '-infinity', 'infinity',
     '-178000000 years', '00000000-0000-0000-0000-000000000000', '::1/64', '10/8', '08:00:2b:01:02:03', true),
    (2, 32767, -9223372036854775808, '-Infinity', 1e-37, 5e-324, '0', '', '', '', '', '', '', B'000', B'1',
     'infinity', '00:00:00.000001', '23:59:59.999999-15:59', '2024-02-29 23:59:59.999999',
     '2024-03-31 02:30:00+01', '1 mon -1 day 00:00:00.000001', null, null, null, null, false),
    (3, null, null, 1e-100, 1.1, 0.1 + 0.2, null, 'ü€😀', null, null, null, null, null, null, null, null, null, null,
     null, null, null, null, null, null, null, null);
update scalar set n = n, d = 1e308, t = repeat('long ', 2000), ts = ts + interval '1 day' where id <> 1;
update scalar set t = 'short', n = 12345678901234567890.0123456789000 where id = 2;
delete from scalar where id = 1;
-- @equal

-- @case arrays, enums, composites, domains, ranges and nests of them
-- @kill
-- @call abort --yes => 0
-- @on source
create type colour as enum ('red', 'dark blue', 'o''clock');
create type pair as (a int, b text);
create type nest as (p pair, c colour, list int[]);
create domain positive as int check (value > 0);
create domain short as varchar(10) not null;
create type reach as range (subtype = float8);
create table nested (
    id int primary key, ints int[], texts text[], c colour, cs colour[], p pair, ps pair[], n nest, d positive,
    ds positive[], s short, r int4range, rs tstzrange[], own reach, mr int4multirange, js json, jb jsonb, x xml,
    tv tsvector, tq tsquery, pt point, poly polygon, reg regclass, proc regprocedure);
create table keyed_by_types (c colour, r int4range, p pair, d positive, n int, primary key (c, r, p, d));
create table keyed_by_array (k int[] primary key, note text);
create table keyed_by_numeric (k numeric primary key, note text);
create table keyed_by_jsonb (k jsonb primary key, note text);
-- @run
-- @on source
insert into nested values
    (1, '{1,NULL,3}', '{"a,b","\"q\"",NULL,"NULL",""}', 'o''clock', '{red,"dark blue"}', '(1,"x, y")',
     array[row(1, null)::pair, null], row(row(2, 'in "ner"')::pair, 'red', '{{1},{2}}')::nest, 5, '{1,2}', 'ten',
     '[1,10)', array['[2024-01-01,)'::tstzrange, 'empty'], '[0.5,1.5]', '{[1,3),[7,9)}', '{"a":  1, "a": 2}',
     '{"b": [null, 1.0]}', '<a b="c"/>', 'a:1A fat:2', 'fat & !rat', '(1,2)', '((0,0),(1,1),(2,0))', 'nested',
     'pg_catalog.lower(text)'),
    (2, '[0:1]={7,8}', '{}', null, null, null, null, null, null, null, '', 'empty', null, null, '{}', null, 'null',
     null, null, null, null, null, null, null);
update nested set ints = ints || 9, n.p.b = 'deep', cs = null where id = 1;
update nested set c = 'red', ps = '{}', jb = jb || '[]' where id = 2;
insert into keyed_by_types values ('red', '[1,2)', '(1,a)', 1, 0), ('dark blue', 'empty', '(2,)', 2, 0);
update keyed_by_types set n = 1 where c = 'red';
update keyed_by_types set p = '(3,moved)' where c = 'dark blue';
delete from keyed_by_types where n = 1;
insert into keyed_by_array values ('{1,2}', 'a'), ('{}', 'b'), ('{{1,2},{3,4}}', 'c');
update keyed_by_array set note = 'changed' where k = '{}';
delete from keyed_by_array where k = '{1,2}';
insert into keyed_by_numeric values (1.0, 'a'), ('NaN', 'b'), (1e20, 'c');
update keyed_by_numeric set k = 1.00, note = 'same number, other digits' where k = 1;
update keyed_by_numeric set note = 'is none' where k = 'NaN';
insert into keyed_by_jsonb values ('{"a": 1}', 'a'), ('[1.0, 2]', 'b');
update keyed_by_jsonb set note = 'z' where k = '[1, 2]';
-- @equal
-- @rows
select k, note from keyed_by_numeric order by 1
--= 1.00|same number, other digits
--= 100000000000000000000|c
--= NaN|is none

-- @case settings of the source's roles do not change values
-- @on source
alter database types set datestyle = 'SQL, DMY';
alter database types set extra_float_digits = -10;
alter database types set intervalstyle = 'sql_standard';
alter database types set bytea_output = 'escape';
alter database types set timezone = 'Asia/Kolkata';
-- @kill
-- @run
-- @on source as plain
insert into scalar (id, d, dt, tsz, iv, by) values (9, 1.1, '2024-03-04', '2024-03-04 05:06:07+00', '-1 year 2 days', '\x27ff00');
-- @equal
