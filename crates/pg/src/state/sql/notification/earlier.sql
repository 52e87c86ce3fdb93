-- What is remembered of an event, locked until its fate is decided. Parameters: channel, event.
select
    extract(epoch from pg_catalog.clock_timestamp() - begun_at)::double precision as begun,
    extract(epoch from pg_catalog.clock_timestamp() - sent_at)::double precision as sent,
    stands
from transhume.notification
where channel = $1 and event = $2
for update
