-- Rows of many types: numeric, jsonb, arrays, bytea, uuid, timestamps, and values long enough for TOAST.
-- About 14 MB for each unit of scale.
create table mixed (
    id         bigint primary key,
    owner      uuid           not null,
    amount     numeric(14, 2) not null,
    rate       double precision,
    created_at timestamptz    not null,
    day        date,
    name       text           not null,
    tags       text[],
    numbers    integer[],
    document   jsonb,
    raw        bytea,
    active     boolean        not null
);
insert into mixed
select n, md5(n::text)::uuid, n * 1.37, sqrt(n), timestamptz '2026-01-01' + n * interval '7 seconds',
       date '2020-01-01' + n % 2000, 'name of ' || n, array['a' || n % 10, 'b' || n % 100, null],
       array[n, n + 1, n * 2 % 1000],
       jsonb_build_object('id', n, 'kind', n % 7, 'label', md5(n::text), 'inner', jsonb_build_array(n, n % 3, null, true)),
       decode(md5(n::text) || md5((n + 1)::text), 'hex'), n % 3 = 0
from generate_series(1, 20000 * :scale) n;
create index on mixed (created_at);
create index on mixed (owner);
create table long_values (id bigint primary key, body text not null, attachment bytea);
alter table long_values alter column attachment set storage external;
insert into long_values
select n, (select string_agg(md5((n * 1000 + k)::text), ' ') from generate_series(1, 100) k),
       (select string_agg(decode(md5((n * 999 + k)::text), 'hex'), '') from generate_series(1, 300) k)
from generate_series(1, 500 * :scale) n;
