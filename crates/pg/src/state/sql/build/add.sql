-- $1 is the OID of the table on the source; a table that is not loaded by itself (a partitioned table, a
-- materialized view) has no row of its own, and its work waits for all tables.
insert into transhume.build (source_oid, kind, rank, name, statements, bytes, held_until_cutover)
values ((select r.source_oid from transhume.relation r where r.source_oid = $1), $2, $3, $4, $5, $6, $7)
