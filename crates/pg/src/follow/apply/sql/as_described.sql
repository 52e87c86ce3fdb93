-- These tables ($1) are described as they were ($2): else a division by zero, since a COMMIT may be on its way behind this.
-- Asked behind the writes of a transaction, whose locks keep names, columns and types as they are to its end. A schema is
-- not locked so: it counts by its row, which every ALTER of it replaces. A column that was dropped keeps its place.
select 1 / (pg_catalog.count(*) = pg_catalog.cardinality($1::oid[]))::integer
from rows from (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::text[])) as planned (oid, description)
join pg_catalog.pg_class c on c.oid = planned.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where planned.description =
      pg_catalog.concat_ws(' ', n.xmin, array[n.nspname, c.relname], c.relkind, array(
          select a.attname || ' ' || a.atttypid || ' ' || a.atttypmod
          from pg_catalog.pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0
          order by a.attnum))
