-- Transactions like those of pgbench's TPC-B: one account, one teller, one branch, one line of history.
-- Accounts are drawn from the first `:spread`: few of them change again and again, or many hardly ever twice.
create table public.branch (id integer primary key, balance integer not null, filler character(88));
create table public.teller (id integer primary key, branch integer, balance integer not null, filler character(84));
create table public.account (id integer primary key, branch integer, balance integer not null, filler character(84));
create table public.history (
    id bigint generated always as identity primary key, teller integer, branch integer, account integer, delta integer,
    at timestamp, filler character(22)
);
insert into public.branch select n, 0, '' from generate_series(1, 10) n;
insert into public.teller select n, (n - 1) / 10 + 1, 0, '' from generate_series(1, 100) n;
insert into public.account select n, (n - 1) / 10000 + 1, 0, '' from generate_series(1, 100000) n;
create procedure public.traffic(transactions integer, spread integer) language plpgsql as $$
declare
    which integer;
    delta integer;
begin
    for n in 1 .. transactions loop
        which := 1 + floor(random() * spread);
        delta := floor(random() * 10000) - 5000;
        update account set balance = balance + delta where id = which;
        update teller set balance = balance + delta where id = 1 + which % 100;
        update branch set balance = balance + delta where id = 1 + which % 10;
        insert into history (teller, branch, account, delta, at)
        values (1 + which % 100, 1 + which % 10, which, delta, clock_timestamp());
        commit;
    end loop;
end $$;
