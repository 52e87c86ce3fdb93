update transhume.relation set snapshot_id = $2::integer where source_oid = any ($1::oid[])
