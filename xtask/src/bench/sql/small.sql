-- Thousands of tables of a few rows, each with a key and an index of its own. One table for each unit of scale.
select format('create table small_%s (id integer primary key, name text not null, at timestamptz default now());
insert into small_%s select n, ''name '' || n from generate_series(1, 20) n;
create index on small_%s (name);', n, n, n)
from generate_series(1, :scale) n
\gexec
