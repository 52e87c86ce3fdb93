select p.buckets, p.source_rows, p.source_sums, p.target_rows, p.target_sums
from transhume.verification_piece p
where p.verification_id = $1 and p.schema_name = $2 and p.table_name = $3
