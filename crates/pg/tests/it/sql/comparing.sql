-- A session that compares has no search path.
set search_path = public;
create type mood as enum ('well', 'unwell');
create domain small as int4 check (value < 100);
create table every (
    c01 bool, c02 int2, c03 int4, c04 int8, c05 text, c06 varchar(9), c07 char(9), c08 bytea, c09 name, c10 oid, c11 json,
    c13 cidr, c14 float4, c15 float8, c16 macaddr8, c17 money, c18 macaddr, c19 inet, c20 date, c21 time,
    c22 timestamp, c23 timestamptz, c24 interval, c25 timetz, c26 bit(3), c27 varbit, c28 numeric, c29 uuid, c30 jsonb,
    c31 bool[], c32 bytea[], c33 int2[], c34 int4[], c35 text[], c36 varchar[], c37 int8[], c38 float4[], c39 float8[],
    c40 timestamp[], c41 date[], c42 timestamptz[], c43 numeric[], c44 uuid[], c45 jsonb[], c46 mood, c47 small,
    c48 int4range, c49 point, "odd ""column" text
);
insert into every values (
    true, -1, -2, 4294967297, 'é''"\', 'v', 'c', '\x00ff', 'n', 7, '{"a" : 1}', '10.0.0.0/8', 0.1, 1e-300,
    '08:00:2b:01:02:03:04:05', 1.5, '08:00:2b:01:02:03', '10.1.2.3', '2026-11-25', '12:00:00.5', '2026-11-25 01:02:03.5',
    'infinity', '1 month 2 days 3 seconds', '12:00+02', b'101', b'1', 'NaN', '00000000-0000-0000-0000-000000000001',
    '{"a": [1, null]}', '{t,null}', array['\x01'::bytea], '{1,2}', '[0:1]={1,2}', '{a,"b,c",null}', '{v}', '{3}', '{0.1}',
    '{0.1}', array['2026-11-25'::timestamp], array['2026-11-25'::date], '{-infinity}', '{1.0,1.00}',
    array['00000000-0000-0000-0000-000000000001'::uuid], array['{}'::jsonb], 'unwell', 5, '[1,9)', '(1,2)', 'odd'
);
insert into every select;

-- No two rows are the same, whatever an operator for "equal" says of them.
create table alike (flag bool, small int2, number int8, amount numeric, ratio float8, fixed bpchar, a text, b text, numbers int4[]);
insert into alike (flag, small, number, amount, ratio, fixed, a, b, numbers) values
    (false, 0, 0, 1.0, 0, 'a', '', '', '{}'),
    (false, 0, 0, 1.00, 0, 'a', '', '', '{}'),
    (false, 0, 0, 1.0, '-0', 'a', '', '', '{}'),
    (false, 0, 0, 1.0, 0, 'a ', '', '', '{}'),
    (false, 0, 4294967297, 1.0, 0, 'a', '', '', '{}'),
    (false, 0, 0, 1.0, 0, 'a', null, '', '{}'),
    (false, 0, 0, 1.0, 0, 'a', '', null, '{}'),
    (false, 0, 0, 1.0, 0, 'a', null, null, '{}'),
    (null, 0, 0, 1.0, 0, 'a', '', '', '{}'),
    (false, null, 0, 1.0, 0, 'a', '', '', '{}'),
    (null, null, 0, 1.0, 0, 'a', '', '', '{}'),
    (false, 0, null, 1.0, 0, 'a', '', '', '{}'),
    (false, 0, 0, null, 0, 'a', '', '', '{}'),
    (false, 0, 0, 1.0, null, 'a', '', '', '{}'),
    (false, 0, 0, 1.0, 0, null, '', '', '{}'),
    (false, 0, 0, 1.0, 0, 'a', '', '', null),
    (false, 0, 0, 1.0, 0, 'a', 'x', '', '{}'),
    (false, 0, 0, 1.0, 0, 'a', '', 'x', '{}'),
    (false, 0, 0, 1.0, 0, 'a', 'xy', 'z', '{}'),
    (false, 0, 0, 1.0, 0, 'a', 'x', 'yz', '{}'),
    (false, 0, 0, 1.0, 0, 'a', 'x', 'yz ', '{}'),
    (true, 0, 0, 1.0, 0, 'a', '', '', '{}'),
    (false, 1, 0, 1.0, 0, 'a', '', '', '{}'),
    (false, 0, 1, 1.0, 0, 'a', '', '', '{}'),
    (false, 0, -1, 1.0, 0, 'a', '', '', '{}'),
    (false, 0, 0, 1.0, 0, 'a', '', '', '[0:0]={1}'),
    (false, 0, 0, 1.0, 0, 'a', '', '', '{1}');
