-- A table that joined the migration gets its indexes after its rows: without its key, changes would be slow to write.
-- The target's table is what it was when it got its rows, whatever it is called by now.
-- Partitions of a tree that is moved as a whole are listed with what is known of the tree.
select coalesce(p.oid, r.source_oid) as source_oid,
       case when p.oid is not null then r.source_oid end as tree,
       coalesce(n.nspname::text, r.schema_name) as schema_name,
       coalesce(c.relname::text, r.table_name) as table_name,
       c.oid as target_oid,
       r.facts,
       r.target_columns,
       r.state = 'loaded' and not exists (
           select from transhume.build b
           where b.source_oid = r.source_oid and b.done_at is null and not b.held_until_cutover
             and b.kind in ('index', 'constraint', 'key')) as is_complete,
       r.state in ('suspended', 'adding', 'dropped') as is_suspended,
       case when s.from_slot then null else s.snapshot::text end as snapshot,
       r.range_column,
       case when r.range_column is not null then (
           select pg_catalog.jsonb_agg(
               pg_catalog.jsonb_build_object(
                   'from', range.range_from,
                   'snapshot', case when read.from_slot then null else read.snapshot::text end)
               order by range.number)
           from (
               -- neighbours under one snapshot are one range
               select part.number, part.range_from, part.snapshot_id,
                      pg_catalog.lag(part.snapshot_id) over (order by part.number) as before
               from (
                   select all_of_it.number, all_of_it.range_from,
                          coalesce(all_of_it.snapshot_id, r.snapshot_id) as snapshot_id
                   from transhume.part all_of_it
                   where all_of_it.source_oid = r.source_oid
               ) part
           ) range
           left join transhume.snapshot read on read.id = range.snapshot_id
           where range.number = 0 or range.snapshot_id is distinct from range.before
       ) end as ranges
from transhume.relation r
left join pg_catalog.pg_class c on c.oid = r.target_oid
left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join transhume.snapshot s on s.id = r.snapshot_id
left join (
    select oid, source_oid from transhume.partition
    union all
    select null, source_oid from transhume.relation
) p on p.source_oid = r.source_oid
