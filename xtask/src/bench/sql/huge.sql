-- One table that is nearly all of the database. About 100 MB for each unit of scale.
create table huge (
    id         bigint,
    account    integer     not null,
    moved_at   timestamptz not null,
    amount     numeric     not null,
    note       text        not null
);
insert into huge
select n, hashint4(n) % 100000, timestamptz '2026-01-01' + n * interval '1 second', n % 100000 / 100.0,
       'note ' || md5(n::text)
from generate_series(1, 900000 * :scale) n;
alter table huge add primary key (id);
create index on huge (account, moved_at);
