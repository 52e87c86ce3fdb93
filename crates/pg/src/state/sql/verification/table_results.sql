select t.schema_name, t.table_name, t.lsn::text as lsn, t.source_rows, t.target_rows, t.equal, t.differences, t.is_all,
       t.note, t.ended_at is not null as has_ended
from transhume.verification_table t
where t.verification_id = $1
order by t.schema_name, t.table_name
