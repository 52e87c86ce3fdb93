-- What begins or ends a phase, in order; the first one ends with the slot.
select pg_catalog.to_char(h.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
       pg_catalog.date_part('epoch', h.at)::double precision as epoch,
       h.step,
       h.detail
from transhume.history h
where h.step in ('started', 'slot created') or h.step like '% completed'
order by h.id
