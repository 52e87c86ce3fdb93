with dropped as materialized (
    select pg_catalog.pg_drop_replication_slot(slot_name)
    from pg_catalog.pg_replication_slots
    where slot_name = $1
)
select pg_catalog.count(*) from dropped
