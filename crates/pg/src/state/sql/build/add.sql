-- The OID is that of the table on the source; a table that is not loaded by itself (a partitioned table, a
-- materialized view) has no row of its own, and its work waits for all tables. A partition of a tree that is moved as a
-- whole is loaded with the tree.
insert into transhume.build (source_oid, kind, rank, name, statements, bytes, together, held_until_cutover)
select r.source_oid, planned.kind, planned.rank, planned.name,
       array(
           select statement
           from pg_catalog.jsonb_array_elements_text(planned.statements) with ordinality as listed (statement, position)
           order by position),
       planned.bytes, coalesce(r.bytes <= $2::bigint, false), planned.held_until_cutover
from pg_catalog.jsonb_to_recordset($1::jsonb) as planned (
    table_oid oid, kind text, rank integer, name text, statements jsonb, bytes bigint, held_until_cutover boolean)
left join transhume.partition p on p.oid = planned.table_oid
left join transhume.relation r on r.source_oid = coalesce(p.source_oid, planned.table_oid)
