-- Locks one build that may run now: its table (or, without one, every table) is loaded and all
-- lower ranks of that table (or everywhere) are done. The largest first: it decides when all is done.
-- What is suspended holds nobody up but itself. What runs in no transaction is claimed otherwise. Builds of small
-- tables are left to claim_small_tables.sql.
select b.id, b.kind, b.name, pg_catalog.to_json(b.statements)::text as statements
from transhume.build b
where b.done_at is null
  and not b.held_until_cutover
  and b.kind not in ('vacuum', 'analyze partition tree')
  and not b.together
  and case when b.source_oid is null then
          not exists (
              select from transhume.part p
              join transhume.relation r on r.source_oid = p.source_oid
              where p.done_at is null and r.state not in ('suspended', 'dropped'))
          and not exists (
              select from transhume.build lower
              left join transhume.relation r on r.source_oid = lower.source_oid
              where lower.done_at is null and not lower.held_until_cutover and lower.rank < b.rank
                and coalesce(r.state not in ('suspended', 'dropped'), true))
      else
          not exists (
              select from transhume.part p where p.source_oid = b.source_oid and p.done_at is null)
          and not exists (
              select from transhume.build lower
              where lower.source_oid = b.source_oid and lower.done_at is null
                and not lower.held_until_cutover and lower.rank < b.rank)
      end
order by b.bytes desc, b.rank, b.id
limit 1
for update of b skip locked
