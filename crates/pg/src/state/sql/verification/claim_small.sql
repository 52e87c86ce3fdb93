-- Locks small tables ($2, bytes) of one piece that are not compared and that nobody holds, up to $3 of them.
select p.number, p.source_predicate, p.target_predicate, p.bytes, t.subject::text as subject, true as is_only_piece
from transhume.verification_piece p
join transhume.verification_table t using (verification_id, schema_name, table_name)
where p.verification_id = $1 and p.done_at is null and t.ended_at is null and p.bytes <= $2
  and not exists (
      select from transhume.verification_piece other
      where other.verification_id = p.verification_id and other.schema_name = p.schema_name
        and other.table_name = p.table_name and other.number <> p.number)
limit $3
for no key update of p skip locked
