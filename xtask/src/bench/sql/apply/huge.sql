-- One transaction, as many new rows as `transactions` says, a fifth of them changed once more.
create table public.measure (id bigint primary key, sensor integer not null, at timestamptz not null, value double precision);
create procedure public.traffic(transactions integer, spread integer) language plpgsql as $$
declare
    base bigint := coalesce((select max(id) from measure), 0);
begin
    insert into measure select base + n, n % 1000, clock_timestamp(), n / 7.0 from generate_series(1, transactions) n;
    update measure set value = value + 1 where id > base and id % 5 = 0;
    commit;
end $$;
