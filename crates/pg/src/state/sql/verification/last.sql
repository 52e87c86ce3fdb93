select v.id, v.lsn::text as lsn, v.mode,
       pg_catalog.to_char(v.ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as ended_at,
       coalesce(v.result, 'incomplete') as result
from transhume.verification v
order by v.id desc
limit 1
