-- Locks the largest piece that is not done and that nobody holds.
select p.number, p.source_predicate, p.target_predicate, p.bytes, t.subject::text as subject,
       not exists (
           select from transhume.verification_piece other
           where other.verification_id = p.verification_id and other.schema_name = p.schema_name
             and other.table_name = p.table_name and other.number <> p.number) as is_only_piece
from transhume.verification_piece p
join transhume.verification_table t using (verification_id, schema_name, table_name)
where p.verification_id = $1 and p.done_at is null and t.ended_at is null
order by p.bytes desc
limit 1
for no key update of p skip locked
