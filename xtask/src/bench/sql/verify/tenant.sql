-- Ten values in the first column, a tenth of the rows each.
create table searched (tenant integer, name text collate "en-x-icu", note text not null, primary key (tenant, name));
insert into searched select n % 10, md5(n::text), 'note ' || md5((-n)::text) from generate_series(1, :scale) n;
