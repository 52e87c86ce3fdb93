update transhume.relation set snapshot_id = $2::integer, state = 'loading' where source_oid = any ($1::oid[])
