select pg_catalog.to_char(requested_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since,
       requested_by,
       argument as reason
from transhume.command
where name = 'pause' and state = 'active'
order by id
limit 1
