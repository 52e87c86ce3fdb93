update transhume.relation set state = 'suspended' where source_oid = any ($1::oid[]) and state = 'adding'
