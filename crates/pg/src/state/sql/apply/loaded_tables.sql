-- A table that joined the migration gets its indexes after its rows: without its key, changes would be slow to write.
select r.source_oid,
       r.schema_name,
       r.table_name,
       r.state = 'loaded' and not exists (
           select from transhume.build b
           where b.source_oid = r.source_oid and b.done_at is null and not b.held_until_cutover
             and b.kind in ('index', 'constraint', 'key')) as is_complete,
       r.state in ('suspended', 'adding') as is_suspended,
       case when s.from_slot then null else s.snapshot::text end as snapshot
from transhume.relation r
left join transhume.snapshot s on s.id = r.snapshot_id
