-- Five of three hundred tables in each transaction.
do $$
begin
    for n in 1 .. 300 loop
        execute format('create table public.small_%s (id integer primary key, x integer not null, note text)', n);
        execute format('insert into public.small_%s select k, k, ''note'' from generate_series(1, 100) k', n);
    end loop;
end $$;
create procedure public.traffic(transactions integer, spread integer) language plpgsql as $$
declare
    which integer;
begin
    for n in 1 .. transactions loop
        which := 1 + floor(random() * 296);
        for k in 0 .. 4 loop
            execute format('update small_%s set x = x + 1 where id = 1 + %s', which + k, n % 100);
        end loop;
        execute format('insert into small_%s select coalesce(max(id), 0) + 1, 0, ''new'' from small_%1$s', which);
        commit;
    end loop;
end $$;
