-- The newest $1 verifications, the newest first.
select v.id,
       v.lsn::text as lsn,
       v.mode,
       pg_catalog.to_char(v.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as started_at,
       pg_catalog.date_part('epoch', v.ended_at - v.started_at)::double precision as seconds,
       coalesce(v.result, 'incomplete') as result,
       v.object_blockers,
       (select pg_catalog.count(*) from transhume.verification_table t where t.verification_id = v.id) as tables,
       (select pg_catalog.count(*) from transhume.verification_table t
        where t.verification_id = v.id and t.ended_at is not null) as tables_done,
       (select pg_catalog.count(*) from transhume.verification_table t
        where t.verification_id = v.id and not t.equal) as tables_different
from transhume.verification v
order by v.id desc
limit $1::bigint
