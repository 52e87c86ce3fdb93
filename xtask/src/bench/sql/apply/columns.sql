-- Updates of rows of 300 columns, of which each changes three: an application that writes whole objects.
select 'create table public.wide (id integer primary key, '
    || string_agg(format(case n % 3 when 0 then 'c%s bigint not null default %s' when 1 then 'c%s text not null default ''value %s'''
                                     else 'c%s numeric(12, 2) not null default %s' end, n, n), ', ')
    || ')'
from generate_series(1, 299) n
\gexec
insert into public.wide (id) select n from generate_series(1, 20000) n;
create procedure public.traffic(transactions integer, spread integer) language plpgsql as $$
declare
    which integer;
begin
    for n in 1 .. transactions loop
        which := 1 + floor(random() * 19900);
        update wide set c3 = n, c100 = 'value ' || n, c200 = n where id between which and which + 99;
        commit;
    end loop;
end $$;
