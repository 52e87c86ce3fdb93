update transhume.relation r
set state = 'loaded'
where r.source_oid = any ($1::oid[])
  and r.state <> 'loaded'
  and not exists (select from transhume.part p where p.source_oid = r.source_oid and p.done_at is null)
returning r.source_oid
