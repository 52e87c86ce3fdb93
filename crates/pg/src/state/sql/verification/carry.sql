-- Tables that need not be compared: they are as they were when they were found equal.
insert into transhume.verification_table
    (verification_id, schema_name, table_name, subject, lsn, ended_at, equal, carried_from,
     loaded_under, source_shape, target_shape)
select $1, r.schema_name, r.table_name, '{}', c.lsn, pg_catalog.clock_timestamp(), true, c.at,
       c.loaded_under, c.source_shape, c.target_shape
from unnest($2::text[], $3::text[]) as n (schema_name, table_name)
join transhume.relation r on r.schema_name = n.schema_name and r.state <> 'dropped' and r.table_name = n.table_name
join transhume.clean_table c on c.source_oid = r.source_oid
