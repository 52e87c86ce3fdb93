-- The application of the cutover's bench: the tables of pgbench with few accounts for each branch, so that clients seldom
-- wait for each other, and a ledger that shows what was lost, doubled or numbered twice. It has no unique index, since that
-- would hide what it is there to show.
create table branches (bid integer primary key, balance bigint not null default 0);
create table tellers (tid integer primary key, bid integer not null references branches, balance bigint not null default 0);
create table accounts (
    aid integer primary key,
    bid integer not null references branches,
    balance bigint not null default 0,
    filler char(84) not null default ''
);
create table history (tid integer, bid integer, aid integer, delta bigint, at timestamptz not null default now());
create sequence number;
create table ledger (
    id bigint generated always as identity primary key,
    client integer not null,
    step bigint not null,
    number bigint not null
);
alter table ledger drop constraint ledger_pkey, replica identity full;
insert into branches select n from generate_series(1, :scale) n;
insert into tellers select n, (n - 1) / 10 + 1 from generate_series(1, :scale * 10) n;
insert into accounts select n, (n - 1) / 2000 + 1 from generate_series(1, :scale * 2000) n;
alter table history replica identity full;
