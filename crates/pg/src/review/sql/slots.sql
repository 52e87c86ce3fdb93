-- Slots of others: those of this database, and physical ones.
select s.slot_name::text as name, s.active
from pg_catalog.pg_replication_slots s
where not s.temporary
  and s.slot_name !~ '^transhume_[0-9a-fA-F]{8}'
  and coalesce(s.database, pg_catalog.current_database()) = pg_catalog.current_database()
order by 1
