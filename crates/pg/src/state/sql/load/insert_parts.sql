insert into transhume.part (source_oid, number, predicate, bytes)
select planned.source_oid, planned.number, planned.predicate, planned.bytes
from pg_catalog.jsonb_to_recordset($1::jsonb) as planned (
    source_oid oid, number integer, predicate text, bytes bigint)
