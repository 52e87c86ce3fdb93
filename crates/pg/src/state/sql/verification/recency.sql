-- The newest verification: when it began, how much it looked at, what came of it.
select pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - v.started_at)::double precision as age_seconds,
       -- what was not compared again is as old as its comparison
       (select pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - pg_catalog.min(t.carried_from))
        from transhume.verification_table t where t.verification_id = v.id)::double precision as oldest_seconds,
       (select pg_catalog.count(*) from transhume.verification_table t
        where t.verification_id = v.id and t.carried_from is not null) as tables_unchanged,
       coalesce(v.result, 'incomplete') as result,
       v.mode,
       v.object_blockers,
       (select pg_catalog.count(*) from transhume.verification_table t where t.verification_id = v.id) as tables,
       (select pg_catalog.count(*) from transhume.verification_table t
        where t.verification_id = v.id and t.equal is not true) as tables_different
from transhume.verification v
order by v.id desc
limit 1
