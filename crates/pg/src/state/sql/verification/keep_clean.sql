-- Remembers which tables were found equal, and forgets it of those that were not.
with judged as (
    select r.source_oid, t.equal, t.lsn, v.started_at, t.loaded_under, t.source_shape, t.target_shape
    from transhume.verification_table t
    join transhume.verification v on v.id = t.verification_id
    join transhume.relation r on r.schema_name = t.schema_name and r.state <> 'dropped' and r.table_name = t.table_name
    where t.verification_id = $1 and t.carried_from is null
      and t.ended_at is not null and t.equal is not null
),
forgotten as (
    delete from transhume.clean_table c using judged j where c.source_oid = j.source_oid and not j.equal
)
insert into transhume.clean_table (source_oid, lsn, at, loaded_under, source_shape, target_shape)
select j.source_oid, j.lsn, j.started_at, j.loaded_under, j.source_shape, j.target_shape
from judged j
where j.equal and j.source_shape is not null and j.target_shape is not null
on conflict (source_oid) do update
set lsn = excluded.lsn, at = excluded.at, loaded_under = excluded.loaded_under,
    source_shape = excluded.source_shape, target_shape = excluded.target_shape
