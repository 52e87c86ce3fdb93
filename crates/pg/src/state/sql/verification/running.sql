-- The newest verification, if it has not ended.
select v.id, v.lsn::text as lsn, v.mode, v.source_snapshot, v.target_snapshot, v.settings::text as settings
from transhume.verification v
where v.id = (select max(n.id) from transhume.verification n) and v.ended_at is null
