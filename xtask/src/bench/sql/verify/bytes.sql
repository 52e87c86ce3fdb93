create table searched (name text collate "C" primary key, note text not null);
insert into searched select md5(n::text), 'note ' || md5((-n)::text) from generate_series(1, :scale) n;
