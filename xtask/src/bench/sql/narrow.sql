-- The tables of pgbench: narrow rows of integers, keys only. About 13 MB for each unit of scale (as in pgbench -i).
create table pgbench_branches (bid integer primary key, bbalance integer, filler character(88));
create table pgbench_tellers (tid integer primary key, bid integer, tbalance integer, filler character(84));
create table pgbench_accounts (aid integer not null, bid integer, abalance integer, filler character(84));
create table pgbench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler character(22));
insert into pgbench_branches select n, 0, '' from generate_series(1, :scale) n;
insert into pgbench_tellers select n, (n - 1) / 10 + 1, 0, '' from generate_series(1, 10 * :scale) n;
insert into pgbench_accounts select n, (n - 1) / 100000 + 1, 0, '' from generate_series(1, 100000 * :scale) n;
insert into pgbench_history
select n % 100 + 1, n % 10 + 1, n, n % 5000 - 2500, timestamp '2026-01-01' + n * interval '1 second', null
from generate_series(1, 50000 * :scale) n;
alter table pgbench_accounts add primary key (aid);
-- Not of pgbench: without a key the source's table would be rewritten to replica identity full, in a bench to no use.
alter table pgbench_history add column id bigint generated always as identity primary key;
