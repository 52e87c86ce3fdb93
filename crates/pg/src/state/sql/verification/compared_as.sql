-- Tables that are followed, with what the newest verification compared them as. is_other: it did not compare this table, or
-- not the rows that it was loaded with since. Unlogged tables are in no verification; a recheck notes no shapes.
select r.schema_name, r.table_name, t.source_shape, t.target_shape,
       t.table_name is null
       or t.source_shape is not null and t.loaded_under is distinct from r.snapshot_id as is_other
from transhume.relation r
left join transhume.verification_table t
       on t.verification_id = (select pg_catalog.max(id) from transhume.verification)
      and t.schema_name = r.schema_name and t.table_name = r.table_name
where r.state = 'loaded'
  -- Reverse replication remembers no facts: there the table beside this state tells.
  and coalesce(
      (r.facts ->> 'is_logged')::boolean,
      not exists (
          select
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where n.nspname = r.schema_name and c.relname = r.table_name and c.relpersistence = 'u'))
