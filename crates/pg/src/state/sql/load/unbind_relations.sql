update transhume.relation
set state = 'loading', snapshot_id = null
where source_oid = any ($1::oid[])
