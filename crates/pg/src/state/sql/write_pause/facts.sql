-- What a forecast of the write pause needs: what will be locked, set and made, what the target has kept up with since the
-- migration began, and what the last rehearsal in this direction measured.
select (select pg_catalog.count(*) from transhume.relation where state <> 'dropped') as tables,
       (select pg_catalog.count(*)
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'S' and n.nspname <> 'transhume' and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)') as sequences,
       (select pg_catalog.count(*) from transhume.build
        where held_until_cutover and done_at is null and kind = 'foreign key') as foreign_keys,
       (pg_catalog.pg_wal_lsn_diff(f.lsn, m.consistent_point)
        / pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - m.created_at)::numeric)::bigint as bytes_per_second,
       rehearsal.detail -> 'steps' as steps,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - rehearsal.at)::double precision as rehearsal_age
from transhume.migration m
cross join transhume.frontier f
left join lateral (
    select h.detail, h.at from transhume.history h where h.step = 'rehearsal' order by h.id desc limit 1
) rehearsal on true
