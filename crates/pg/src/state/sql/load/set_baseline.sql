update transhume.relation set baseline = $2::jsonb where source_oid = $1::oid and baseline is null
