-- One VACUUM or one ANALYZE of a partition tree that may run now, while no session holds its advisory lock, which stands
-- for the row lock of other builds, since these run in no transaction. The first number spells "vacu". Both wait until
-- everything is loaded, VACUUM for all lower ranks too; ANALYZE waits for no index: only one session can make the statistics of
-- a tree, and others build meanwhile. Whether the lock was got is the last column; then the row must be looked at again.
with candidate as materialized (
    select b.id, b.kind, b.name, b.statements
    from transhume.build b
    where b.done_at is null
      and not b.held_until_cutover
      and b.kind in ('vacuum', 'analyze partition tree')
      and not b.together
      and not exists (
          select from transhume.part p
          join transhume.relation r on r.source_oid = p.source_oid
          where p.done_at is null and r.state not in ('suspended', 'dropped'))
      and (b.kind <> 'vacuum' or not exists (
          select from transhume.build lower
          left join transhume.relation r on r.source_oid = lower.source_oid
          where lower.done_at is null and not lower.held_until_cutover and lower.rank < b.rank
            and coalesce(r.state not in ('suspended', 'dropped'), true)))
      and not exists (
          select from pg_catalog.pg_locks l
          where l.locktype = 'advisory' and l.classid = 1986093941 and l.objid = b.id::oid and l.objsubid = 2
            and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()))
    order by b.bytes desc, b.id
    limit 1
)
select id, kind, name, pg_catalog.to_json(statements)::text as statements,
       pg_catalog.pg_try_advisory_lock(1986093941, id::integer) as locked
from candidate
