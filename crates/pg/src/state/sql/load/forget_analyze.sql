delete from transhume.build
where source_oid = any ($1::oid[]) and kind = 'analyze'
