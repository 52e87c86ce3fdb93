-- Locks one table whose pieces are all done, that nobody holds.
select t.schema_name, t.table_name, t.subject::text as subject
from transhume.verification_table t
where t.verification_id = $1
  and t.ended_at is null
  and not exists (
      select from transhume.verification_piece p
      where p.verification_id = t.verification_id and p.schema_name = t.schema_name
        and p.table_name = t.table_name and p.done_at is null)
order by t.bytes desc
limit 1
for no key update of t skip locked
