-- The newest line of the story with this step ($1).
select pg_catalog.to_char(h.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
       pg_catalog.date_part('epoch', h.at)::double precision as epoch,
       h.step,
       h.detail
from transhume.history h
where h.step = $1
order by h.id desc
limit 1
