-- An object's address as another server would look it up; $1, $2: catalog and OID.
select a.type as kind, a.object_names as names, a.object_args as arguments
from pg_catalog.pg_identify_object_as_address($1::pg_catalog.oid, $2::pg_catalog.oid, 0) a
where a.object_names is not null
