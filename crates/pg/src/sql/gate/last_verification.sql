select coalesce(result, 'incomplete') as result,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - ended_at)::double precision as age_seconds
from transhume.verification
order by id desc
limit 1
