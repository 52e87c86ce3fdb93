-- What our own server process $1 does. Another that has got its number since has another name ($2) or role.
select a.state, a.wait_event
from pg_catalog.pg_stat_activity a
where a.pid = $1::int4
  and a.application_name = $2::text
  and a.usename = current_user
