create table searched (id bigint primary key, note text not null);
insert into searched select n, 'note ' || md5(n::text) from generate_series(1, :scale) n;
