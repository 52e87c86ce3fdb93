select lsn::text from pg_catalog.pg_create_logical_replication_slot('transhume_0123abcd', 'pgoutput')
