-- The whole row as identity where some of its columns are generated, of every kind of volatility of the input.

-- @on source
create table measured (at timestamptz, value numeric, label text,
    rounded int generated always as (round(value)::int) stored,
    long text generated always as (repeat(label, 500)) stored);
alter table measured replica identity full;
alter table measured alter long set storage external;
insert into measured select '2024-01-01'::timestamptz + g * interval '1 hour', g / 3.0, 'abcdefghijklmno' from generate_series(1, 30) g;
-- @run
-- @case rows that differ in a generated column only by what makes it
-- @on source
insert into measured values ('2025-01-01', 1.4, 'x'), ('2025-01-01', 1.45, 'x'), ('2025-01-01', 1.45, 'x');
update measured set value = 2 where value = 1.4;
delete from measured where ctid = (select min(ctid) from measured where value = 1.45);
update measured set label = null where value < 1;
update measured set at = 'infinity' where label is not null and value > 9;
-- @equal
