-- Tables that apply has not written to since they were compared in the last full verification that found both sides
-- equal, and that were not loaded anew since; null where there was none.
with clean as (
    select max(v.id) as id from transhume.verification v where v.mode = 'full' and v.result = 'equal'
)
select case when clean.id is not null then coalesce((
    select pg_catalog.array_agg(r.source_oid)
    from transhume.verification_table t
    join transhume.relation r using (schema_name, table_name)
    left join transhume.snapshot s on s.id = r.snapshot_id
    left join transhume.changed_table c on c.source_oid = r.source_oid
    join transhume.verification v on v.id = t.verification_id
    where t.verification_id = clean.id and t.equal
      and (c.lsn is null or c.lsn <= t.lsn)
      and (s.taken_at is null or s.taken_at < v.started_at)), '{}') end as oids
from clean
