-- A table without a key: new rows, changed rows, removed rows, found by all that they hold.
create table public.ledger (account integer, line integer, amount numeric(12, 2), note text, at timestamptz);
alter table public.ledger replica identity full;
insert into public.ledger
select n % 50, n, n, 'line ' || n, timestamptz '2026-01-01 00:00Z' + n * interval '1 second' from generate_series(1, 2000) n;
create procedure public.traffic(transactions integer, spread integer) language plpgsql as $$
begin
    for n in 1 .. transactions loop
        insert into ledger select n % 50, 10000 + 2 * n + k, n, 'line', clock_timestamp() from generate_series(0, 1) k;
        update ledger set amount = amount + 1
        where ctid = (select ctid from ledger offset floor(random() * 1000) limit 1);
        if n % 2 = 0 then
            delete from ledger where ctid = (select ctid from ledger offset floor(random() * 1000) limit 1);
        end if;
        commit;
    end loop;
end $$;
