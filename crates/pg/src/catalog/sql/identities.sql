-- The kind and the identity of these objects ($1, $2: catalog and OID side by side), as PostgreSQL tells them.
select w.class, w.object, i.type || ' ' || i.identity as identity
from rows from (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[])) as w(class, object)
cross join lateral pg_catalog.pg_identify_object(w.class, w.object, 0) i
where i.identity is not null
