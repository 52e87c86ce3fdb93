-- The object of this kind ($1), names ($2) and arguments ($3); an error where there is none.
select a.objid
from pg_catalog.pg_get_object_address($1::pg_catalog.text, $2::pg_catalog.text[], $3::pg_catalog.text[]) a
