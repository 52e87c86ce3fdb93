-- The largest index of a table ($1) that can be built on a copy of its rows: of columns alone, all of built-in types, and
-- with the operator classes that are used where none is named.
select am.amname::text as method, keys.names
from pg_catalog.pg_index i
join pg_catalog.pg_class index on index.oid = i.indexrelid
join pg_catalog.pg_am am on am.oid = index.relam
cross join lateral (
    select pg_catalog.array_agg(a.attname::text order by key.position)  as names,
           pg_catalog.bool_and(a.atttypid < 16384 and class.opcdefault) as are_usual
    from pg_catalog.unnest(i.indkey::smallint[]) with ordinality as key (attnum, position)
    join pg_catalog.pg_opclass class on class.oid = i.indclass[(key.position - 1)::int]
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = key.attnum
    where key.position <= i.indnkeyatts
) keys
where i.indrelid = $1::oid
  and i.indisvalid
  and i.indexprs is null
  and i.indpred is null
  and am.oid < 16384
  and keys.are_usual
order by pg_catalog.pg_relation_size(i.indexrelid) desc
limit 1
