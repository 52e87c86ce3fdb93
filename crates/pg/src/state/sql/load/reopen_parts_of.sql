update transhume.part
set done_at = null, snapshot_id = null, rows_copied = null, bytes_copied = null, seconds = null, loader = null
where source_oid = $1::oid and done_at is not null
