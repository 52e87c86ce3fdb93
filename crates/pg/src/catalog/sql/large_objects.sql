select pg_catalog.count(*) as large_objects from pg_catalog.pg_largeobject_metadata
