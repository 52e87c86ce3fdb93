-- What is known of each table as the frozen snapshot shows it.
select r.schema_name,
       r.table_name,
       r.state = 'loaded' as is_followed,
       r.snapshot_id      as loaded_under,
       m.lsn::text        as changed,
       c.lsn::text        as clean_at,
       c.loaded_under     as clean_loaded_under,
       c.source_shape,
       c.target_shape
from transhume.relation r
left join transhume.changed_table m on m.source_oid = r.source_oid
left join transhume.clean_table c on c.source_oid = r.source_oid
where r.state <> 'dropped'
