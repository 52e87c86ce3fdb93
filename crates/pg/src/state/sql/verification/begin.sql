-- A new one. What former ones leave behind is forgotten first: verifications beyond the newest $6 with all that they found,
-- markers that nobody can wait for any more, and requests that were answered long ago.
with former as (
    delete from transhume.verification
    where id <= (
        select kept.id from transhume.verification kept order by kept.id desc offset $6::bigint limit 1)
),
seen as (
    delete from transhume.marker where seen_at < pg_catalog.clock_timestamp() - interval '1 day'
),
answered as (
    delete from transhume.command
    where state in ('done', 'failed', 'withdrawn')
      and requested_at < pg_catalog.clock_timestamp() - interval '7 days'
)
insert into transhume.verification (lsn, mode, source_snapshot, target_snapshot, settings)
values ($1::text::pg_lsn, $2, $3, $4, $5::text::jsonb) returning id
