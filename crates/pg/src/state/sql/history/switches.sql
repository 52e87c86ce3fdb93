-- The newest $1 rehearsals and cutovers, the newest first.
select pg_catalog.to_char(h.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
       pg_catalog.date_part('epoch', h.at)::double precision as epoch,
       h.step,
       h.detail
from transhume.history h
where h.step in ('rehearsal', 'cutover', 'cutover undone', 'cutover failed')
order by h.id desc
limit $1::bigint
