select m.id, m.layout, m.direction, m.phase, m.fallback, m.selection, m.source_label, m.source_system, m.source_database_oid, m.source_database,
       m.target_system, m.target_database_oid, m.target_database,
       m.source_timeline, m.slot_name, m.publication_name, m.slot_xid_horizon,
       pg_catalog.to_char(m.phase_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as phase_since,
       m.consistent_point::text as consistent_point,
       m.load_end_lsn::text as load_end_lsn,
       -- an older layout, which has no such column, is read too, so that it is refused in words
       (select pg_catalog.max((pg_catalog.to_jsonb(s) ->> 'wal_end')::pg_catalog.pg_lsn) from transhume.snapshot s)::text as loaded,
       f.lsn::text as frontier
from transhume.migration m
cross join transhume.frontier f
