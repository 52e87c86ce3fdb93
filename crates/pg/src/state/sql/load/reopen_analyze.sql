update transhume.build
set done_at = null, seconds = null, loader = null
where source_oid = any ($1::oid[]) and kind = 'analyze'
