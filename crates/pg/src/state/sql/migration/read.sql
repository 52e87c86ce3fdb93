select m.id, m.layout, m.direction, m.phase, m.fallback, m.selection, m.source_label, m.source_system, m.source_database_oid, m.source_database,
       m.target_system, m.target_database_oid, m.target_database,
       m.source_timeline, m.slot_name, m.publication_name, m.slot_xid_horizon,
       pg_catalog.to_char(m.phase_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as phase_since,
       m.consistent_point::text as consistent_point,
       m.load_end_lsn::text as load_end_lsn,
       f.lsn::text as frontier
from transhume.migration m
cross join transhume.frontier f
