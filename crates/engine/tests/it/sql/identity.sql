select s.system_identifier::text as system, c.timeline_id as timeline
from pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c
