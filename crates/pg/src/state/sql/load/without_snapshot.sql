select r.source_oid
from transhume.relation r
where r.snapshot_id is null
  and r.state not in ('suspended', 'dropped')
  and exists (select from transhume.part p where p.source_oid = r.source_oid and p.done_at is null)
order by r.source_oid
