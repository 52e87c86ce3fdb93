-- Columns of the source's tables ($1) by number, as far as telling them apart needs, and the snapshot that this is seen
-- under. A table that is gone has no columns. `columns` is a JSON array of core::follow::identity::SourceColumn.
select
    wanted.oid,
    c.oid is not null                                       as is_there,
    coalesce(c.relnatts, 0::pg_catalog.int2)                as attributes,
    coalesce((
        select pg_catalog.jsonb_agg(
                   pg_catalog.jsonb_build_object(
                       'number', a.attnum,
                       'name', a.attname,
                       'type_oid', a.atttypid::bigint,
                       'type_modifier', a.atttypmod,
                       'version', a.xmin::text::bigint)
                   order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''), '[]') as columns,
    pg_catalog.txid_current_snapshot()::text                as snapshot
from pg_catalog.unnest($1::oid[]) as wanted (oid)
left join pg_catalog.pg_class c on c.oid = wanted.oid
