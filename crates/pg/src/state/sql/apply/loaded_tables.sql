-- A table that joined the migration gets its indexes after its rows: without its key, changes would be slow to write.
-- Partitions of a tree that is moved as a whole are listed with what is known of the tree.
select coalesce(p.oid, r.source_oid) as source_oid,
       case when p.oid is not null then r.source_oid end as tree,
       r.schema_name,
       r.table_name,
       r.facts,
       r.target_columns,
       r.state = 'loaded' and not exists (
           select from transhume.build b
           where b.source_oid = r.source_oid and b.done_at is null and not b.held_until_cutover
             and b.kind in ('index', 'constraint', 'key')) as is_complete,
       r.state in ('suspended', 'adding', 'dropped') as is_suspended,
       case when s.from_slot then null else s.snapshot::text end as snapshot
from transhume.relation r
left join transhume.snapshot s on s.id = r.snapshot_id
left join (
    select oid, source_oid from transhume.partition
    union all
    select null, source_oid from transhume.relation
) p on p.source_oid = r.source_oid
