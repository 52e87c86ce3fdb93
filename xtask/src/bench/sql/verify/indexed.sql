create table searched (name text, note text not null, at timestamptz);
insert into searched
    select md5(n::text), 'note ' || md5((-n)::text), '2026-01-01'::timestamptz + n * interval '1 minute'
    from generate_series(1, :scale) n;
create index on searched (at);
