-- Of these tables ($1, quoted names), those whose replica identity is FULL no more.
select w.name
from unnest($1::text[]) as w (name)
join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(w.name)
where c.relreplident <> 'f'
order by 1
