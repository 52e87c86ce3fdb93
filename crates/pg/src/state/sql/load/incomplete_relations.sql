-- Tables whose load or builds are not done and that are not set aside.
select r.source_oid
from transhume.relation r
where r.state in ('planned', 'loading')
   or r.state = 'loaded' and exists (
       select from transhume.build b
       where b.source_oid = r.source_oid and b.done_at is null and not b.held_until_cutover)
order by r.source_oid
