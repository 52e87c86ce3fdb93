-- Tables that the source has no more: nothing of them is copied, built or applied any more.
with dropped as (
    update transhume.relation
    set state = 'dropped', snapshot_id = null
    where source_oid = any ($1::oid[])
    returning source_oid
),
parts as (
    delete from transhume.part p using dropped d where p.source_oid = d.source_oid
)
delete from transhume.build b using dropped d where b.source_oid = d.source_oid
