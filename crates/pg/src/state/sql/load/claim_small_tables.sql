-- Locks up to $1 loaded tables whose builds are taken together. The lock is on the table's row, so that nobody else
-- works on the table at the same time: builds of one table in two transactions could wait for each other in a circle.
select r.source_oid
from transhume.relation r
where r.state = 'loaded'
  and r.source_oid in (
      select b.source_oid from transhume.build b
      where b.done_at is null and b.together and not b.held_until_cutover)
limit $1::bigint
for no key update of r skip locked
