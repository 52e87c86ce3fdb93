select r.source_oid,
       r.schema_name,
       r.table_name,
       r.state = 'loaded' as is_complete,
       r.state = 'suspended' as is_suspended,
       case when s.from_slot then null else s.snapshot::text end as snapshot
from transhume.relation r
left join transhume.snapshot s on s.id = r.snapshot_id
