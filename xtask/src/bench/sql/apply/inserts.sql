-- Ten new rows of several types in each transaction.
create table public.event (
    id bigint generated always as identity primary key, kind integer not null, at timestamptz not null, amount numeric(12, 2),
    name text, reference uuid
);
create index on public.event (at);
create procedure public.traffic(transactions integer, spread integer) language plpgsql as $$
begin
    for n in 1 .. transactions loop
        insert into event (kind, at, amount, name, reference)
        select k % 7, clock_timestamp(), random() * spread, 'event ' || k || ' of ' || n, gen_random_uuid()
        from generate_series(1, 10) k;
        commit;
    end loop;
end $$;
