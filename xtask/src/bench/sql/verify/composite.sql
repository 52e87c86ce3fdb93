-- A hundred rows for each value of the first column, as the lines of orders have.
create table searched (a integer, b text, note text not null, primary key (a, b));
insert into searched select n / 100, 'line ' || n % 100, 'note ' || md5(n::text) from generate_series(1, :scale) n;
