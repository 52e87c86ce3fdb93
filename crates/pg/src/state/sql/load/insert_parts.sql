insert into transhume.part (source_oid, number, partition, predicate, range_from, bytes)
select planned.source_oid, planned.number, planned.partition, planned.predicate, planned.range_from, planned.bytes
from pg_catalog.jsonb_to_recordset($1::jsonb) as planned (
    source_oid oid, number integer, partition oid, predicate text, range_from bigint, bytes bigint)
