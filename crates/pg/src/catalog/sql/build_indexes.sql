-- Definitions of the indexes with these OIDs ($1), or that back the key constraints with these OIDs ($2).
select
    i.indexrelid                                             as oid,
    i.indrelid                                               as table_oid,
    tn.nspname::text                                         as schema_name,
    t.relname::text                                          as table_name,
    t.relkind::text                                          as table_kind,
    x.relname::text                                          as index_name,
    x.relkind = 'I'                                          as is_partitioned,
    parent.inhparent                                         as parent_oid,
    pg_catalog.pg_get_indexdef(i.indexrelid)                 as definition,
    k.oid                                                    as constraint_oid,
    k.conname::text                                          as constraint_name,
    k.contype::text                                          as constraint_type,
    k.condeferrable                                          as is_deferrable,
    k.condeferred                                            as is_deferred,
    pg_catalog.pg_get_constraintdef(k.oid)                   as constraint_definition,
    -- Operators of an exclusion, also of a key WITHOUT OVERLAPS: no index alone can stand for them.
    coalesce(k.contype = 'x' or k.conexclop is not null, false) as is_exclusion,
    i.indisclustered                                         as is_clustered,
    i.indisreplident                                         as is_replica_identity,
    pg_catalog.pg_relation_size(i.indexrelid)                as bytes,
    array(
        select a.attnum || ' set statistics ' || a.attstattarget
        from pg_catalog.pg_attribute a
        where a.attrelid = i.indexrelid and a.attnum > 0 and a.attstattarget >= 0
        order by a.attnum
    )                                                        as statistics_targets
from pg_catalog.pg_index i
join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_class t on t.oid = i.indrelid
join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
left join pg_catalog.pg_inherits parent on parent.inhrelid = i.indexrelid
left join pg_catalog.pg_constraint k
       on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
where i.indexrelid = any ($1::pg_catalog.oid[])
   or k.oid = any ($2::pg_catalog.oid[])
order by i.indexrelid
