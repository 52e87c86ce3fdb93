-- Events of a channel that are over, and what nobody will ask for again. Parameters: channel, the events that stand.
with over as (
    update transhume.notification
    set stands = false
    where channel = $1 and stands and not event = any ($2)
)
delete from transhume.notification
where channel = $1 and not stands and sent_at < pg_catalog.clock_timestamp() - interval '1 day'
