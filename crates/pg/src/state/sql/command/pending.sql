select id,
       name,
       argument,
       state = 'active' as is_active,
       coalesce(expires_at <= pg_catalog.clock_timestamp(), false) as is_expired
from transhume.command
where state in ('requested', 'active')
order by id
