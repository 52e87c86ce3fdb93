-- Those of these tables that wait for a snapshot while some of their parts are done.
select r.source_oid
from transhume.relation r
where r.source_oid = any ($1::oid[])
  and exists (select from transhume.part p where p.source_oid = r.source_oid and p.done_at is not null)
