-- Some services refuse these functions to all but superusers.
select
    (select system_identifier::text from pg_catalog.pg_control_system())  as system_identifier,
    (select timeline_id from pg_catalog.pg_control_checkpoint())          as timeline
