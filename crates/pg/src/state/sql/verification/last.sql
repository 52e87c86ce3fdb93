select lsn::text as lsn,
       pg_catalog.to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as ended_at,
       coalesce(result, 'incomplete') as result
from transhume.verification
order by id desc
limit 1
