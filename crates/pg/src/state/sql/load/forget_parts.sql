delete from transhume.part where source_oid = any ($1::oid[])
