-- One row: how far load and builds are.
select relations.all_of_them as tables, relations.done as tables_done,
       parts.all_of_them as parts, parts.done as parts_done, parts.rows_copied,
       parts.bytes_copied + large_objects.bytes_copied as bytes_copied,
       parts.bytes_expected, parts.bytes_expected_done,
       builds.all_of_them as builds, builds.done as builds_done,
       large_objects.all_of_them as large_objects, large_objects.done as large_objects_done
from (
    select pg_catalog.count(*) as all_of_them,
           pg_catalog.count(*) filter (where state = 'loaded') as done
    from transhume.relation
    where state <> 'dropped'
) relations
cross join (
    select pg_catalog.count(*) as all_of_them,
           pg_catalog.count(done_at) as done,
           coalesce(pg_catalog.sum(rows_copied), 0)::bigint as rows_copied,
           coalesce(pg_catalog.sum(bytes_copied), 0)::bigint as bytes_copied,
           coalesce(pg_catalog.sum(bytes), 0)::bigint as bytes_expected,
           coalesce(pg_catalog.sum(bytes) filter (where done_at is not null), 0)::bigint as bytes_expected_done
    from transhume.part
) parts
cross join (
    select pg_catalog.count(*) as all_of_them, pg_catalog.count(done_at) as done
    from transhume.build
    where not held_until_cutover
) builds
cross join (
    select coalesce(pg_catalog.sum(pg_catalog.cardinality(oids)), 0)::bigint as all_of_them,
           coalesce(pg_catalog.sum(pg_catalog.cardinality(oids)) filter (where done_at is not null), 0)::bigint as done,
           coalesce(pg_catalog.sum(bytes_copied), 0)::bigint as bytes_copied
    from transhume.large_object_part
) large_objects
