delete from transhume.partition where source_oid = any ($1::oid[])
