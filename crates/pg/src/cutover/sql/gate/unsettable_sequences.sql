-- Of these sequences ($1, quoted names), those that are missing here or that this role may not set.
select w.name
from unnest($1::text[]) as w (name)
where pg_catalog.to_regclass(w.name) is null
   or not pg_catalog.has_sequence_privilege(pg_catalog.to_regclass(w.name)::pg_catalog.oid, 'UPDATE')
order by 1
