-- Which of these checks ($1, $2, $3: schema, table and name side by side) are there and not validated, by place.
select w.place
from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]))
    with ordinality as w(schema_name, table_name, constraint_name, place)
join pg_catalog.pg_namespace n on n.nspname = w.schema_name
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.table_name
join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.conname = w.constraint_name and k.contype = 'c'
where not k.convalidated
order by w.place
