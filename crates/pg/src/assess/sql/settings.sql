-- Settings that a check asks for, in their own unit; a version without a setting gives no row.
select name, setting
from pg_catalog.pg_settings
where setting is not null
  and name in (
    'wal_level', 'max_connections', 'superuser_reserved_connections', 'reserved_connections',
    'max_prepared_transactions', 'max_locks_per_transaction', 'max_replication_slots', 'max_wal_senders',
    'max_slot_wal_keep_size', 'idle_replication_slot_timeout', 'wal_sender_timeout', 'output_plugin_libraries',
    'shared_buffers', 'maintenance_work_mem', 'max_parallel_maintenance_workers', 'max_worker_processes',
    'max_parallel_workers', 'max_wal_size', 'logical_decoding_work_mem', 'hot_standby_feedback',
    'synchronized_standby_slots', 'synchronous_standby_names',
    'shared_preload_libraries',
    'azure.extensions', 'rds.allowed_extensions', 'rds.extensions', 'rds.logical_replication',
    'cloudsql.logical_decoding', 'alloydb.logical_decoding', 'neon.timeline_id')
union all
-- A service may keep a setting of its own out of that list, and show it all the same.
select own.name, pg_catalog.current_setting(own.name, true)
from pg_catalog.unnest(array['azure.extensions', 'rds.allowed_extensions']) as own (name)
where pg_catalog.current_setting(own.name, true) is not null
  and not exists (select from pg_catalog.pg_settings s where s.name = own.name)
