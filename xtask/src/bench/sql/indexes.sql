-- Four tables with eight indexes each: building them costs more than copying. About 12 MB of rows for each unit of scale.
select format('
create table indexed_%1$s (id bigint primary key, a integer, b integer, c text, d timestamptz, e uuid, f numeric, g text);
insert into indexed_%1$s
select n, hashint4(n), n %% 1000, md5(n::text), timestamptz ''2026-01-01'' + hashint4(n) * interval ''1 second'',
       md5((n + 1)::text)::uuid, hashint4(n) / 100.0, ''label '' || n %% 5000
from generate_series(1, 20000 * %2$s) n;
create index on indexed_%1$s (a);
create index on indexed_%1$s (b, d);
create unique index on indexed_%1$s (c);
create index on indexed_%1$s (d) include (b);
create index on indexed_%1$s (e);
create index on indexed_%1$s (f) where b < 500;
create index on indexed_%1$s (lower(g));', n, :scale)
from generate_series(1, 4) n
\gexec
