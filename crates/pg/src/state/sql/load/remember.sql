-- Loaded tables that were seen in step on both sides. One that somebody holds is left for the next look: he must not
-- wait for us, nor we for him.
with free as materialized (
    select r.source_oid
    from transhume.relation r
    join pg_catalog.jsonb_to_recordset($1::jsonb) as seen (source_oid oid) on seen.source_oid = r.source_oid
    where r.state = 'loaded'
    for no key update of r skip locked
)
update transhume.relation r
set facts = seen.facts, target_oid = seen.target_oid, target_columns = seen.target_columns
from free
join pg_catalog.jsonb_to_recordset($1::jsonb)
    as seen (source_oid oid, facts jsonb, target_oid oid, target_columns jsonb) on seen.source_oid = free.source_oid
where r.source_oid = free.source_oid
