-- A table partitioned by range, one partition for each unit of scale, about 2.4 MB each with its two indexes.
create table reading (
    sensor  integer     not null,
    at      timestamptz not null,
    value   double precision,
    primary key (sensor, at)
) partition by range (at);
select format('create table reading_%s partition of reading for values from (%L) to (%L)',
              n, timestamptz '2026-01-01' + n * interval '1 day', timestamptz '2026-01-01' + (n + 1) * interval '1 day')
from generate_series(0, :scale - 1) n
\gexec
insert into reading
select s, timestamptz '2026-01-01' + d * interval '1 day' + m * interval '1 minute', s * m / 1000.0
from generate_series(0, :scale - 1) d, generate_series(0, 1439) m, generate_series(1, 16) s;
create index on reading (at);
