create table searched (at timestamptz primary key, note text not null);
insert into searched
select timestamptz '2026-01-01' + n * interval '1 second', 'note ' || md5(n::text) from generate_series(1, :scale) n;
