-- Updates of wide rows: most leave their TOAST values as they are, some write them anew.
create table public.document (
    id integer primary key, revision integer not null, title text, author text, kind text, state text, at timestamptz,
    size bigint, price numeric(12, 2), weight double precision, is_open boolean, tags text[], code uuid,
    a integer, b integer, c integer, d integer, head text, body text, extra jsonb
);
alter table public.document alter body set storage external;
insert into public.document
select n, 0, 'title ' || n, 'author ' || n % 100, 'kind', 'new', now(), n, n, n, true, array['a', 'b'], gen_random_uuid(),
       n, n, n, n, repeat('head ', 40), repeat(md5(n::text), 150), jsonb_build_object('n', n)
from generate_series(1, 10000) n;
create procedure public.traffic(transactions integer, spread integer) language plpgsql as $$
declare
    which integer;
begin
    for n in 1 .. transactions loop
        which := 1 + floor(random() * 9000);
        update document set revision = revision + 1, state = 'seen', at = clock_timestamp(), price = price + 1
        where id between which and which + 4;
        if n % 10 = 0 then
            update document set body = repeat(md5(n::text), 150), revision = revision + 1 where id = which;
        end if;
        commit;
    end loop;
end $$;
