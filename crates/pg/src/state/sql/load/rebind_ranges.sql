-- Not where the table was finished, suspended or outdated meanwhile.
update transhume.relation
set snapshot_id = $2::integer
where source_oid = any ($1::oid[])
  and range_column is not null
  and snapshot_id is not null
  and state in ('planned', 'loading')
