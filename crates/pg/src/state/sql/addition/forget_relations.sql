delete from transhume.relation where source_oid = any ($1::oid[]) and state = 'adding'
