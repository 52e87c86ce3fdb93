-- Every table of the migration with what is known of it; changes are as the target's statistics count them, the load's rows too.
select r.source_oid,
       r.schema_name,
       r.table_name,
       r.state,
       r.format,
       r.rows_estimate,
       r.bytes,
       coalesce(p.parts, 0) as parts,
       coalesce(p.parts_done, 0) as parts_done,
       coalesce(p.rows_copied, 0) as rows_copied,
       coalesce(p.bytes_copied, 0) as bytes_copied,
       p.share,
       coalesce(b.builds, 0) as builds,
       coalesce(b.builds_done, 0) as builds_done,
       pg_catalog.pg_stat_get_tuples_inserted(t.oid) as inserts,
       pg_catalog.pg_stat_get_tuples_updated(t.oid) as updates,
       pg_catalog.pg_stat_get_tuples_deleted(t.oid) as deletes,
       coalesce(e.exceptions, 0) as exceptions,
       coalesce(w.stands_before = r.source_oid, false) as is_waited_for,
       pg_catalog.to_char(v.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as verified_at,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - v.at)::double precision as verified_age_seconds,
       v.equal,
       v.differences,
       v.note,
       d.source_rows,
       d.target_rows,
       d.source_digest,
       d.target_digest
from transhume.relation r
left join transhume.runner w on true
left join (
    select source_oid,
           pg_catalog.count(*) as parts,
           pg_catalog.count(done_at) as parts_done,
           pg_catalog.sum(rows_copied)::bigint as rows_copied,
           pg_catalog.sum(bytes_copied)::bigint as bytes_copied,
           case when pg_catalog.count(done_at) = pg_catalog.count(*) then 1.0
                else coalesce(pg_catalog.sum(bytes) filter (where done_at is not null), 0) / nullif(pg_catalog.sum(bytes), 0)
           end::double precision as share
    from transhume.part
    group by source_oid
) p on p.source_oid = r.source_oid
left join (
    select source_oid, pg_catalog.count(*) as builds, pg_catalog.count(done_at) as builds_done
    from transhume.build
    where source_oid is not null and not held_until_cutover
    group by source_oid
) b on b.source_oid = r.source_oid
left join (
    select schema_name, table_name, pg_catalog.count(*) as exceptions
    from transhume.exception
    group by schema_name, table_name
) e on e.schema_name = r.schema_name and e.table_name = r.table_name
left join pg_catalog.pg_class t on t.oid = coalesce(r.target_oid,
    pg_catalog.to_regclass(pg_catalog.quote_ident(r.schema_name) || '.' || pg_catalog.quote_ident(r.table_name))::oid)
left join (
    select distinct on (schema_name, table_name)
           schema_name, table_name, coalesce(carried_from, ended_at) as at, equal, differences, note
    from transhume.verification_table
    where ended_at is not null
    order by schema_name, table_name, verification_id desc
) v on v.schema_name = r.schema_name and v.table_name = r.table_name
left join (
    select distinct on (schema_name, table_name)
           schema_name, table_name, source_rows, target_rows, source_digest, target_digest
    from transhume.verification_table
    where source_digest is not null
    order by schema_name, table_name, verification_id desc
) d on d.schema_name = r.schema_name and d.table_name = r.table_name
where r.state <> 'dropped'
order by r.schema_name, r.table_name
