-- Takes the snapshot from a table that cannot be read under it any more; says whether the table must
-- be emptied. No row where another process has done so already.
with outdated as (
    update transhume.relation
    set snapshot_id = null, state = 'loading'
    where source_oid = $1::oid and snapshot_id = $2::integer
    returning source_oid
)
select exists (select from transhume.part p where p.source_oid = o.source_oid and p.done_at is not null)
from outdated o
