-- What the snapshot shows that these tables are to be read under.
update transhume.relation r
set facts = read.facts
from pg_catalog.jsonb_to_recordset($1::jsonb) as read (source_oid oid, facts jsonb)
where r.source_oid = read.source_oid
