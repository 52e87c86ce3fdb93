-- Slots of the cluster and publications of this database that carry our prefix (names::PREFIX).
select 'slot' as kind, s.slot_name::text as name, s.active
from pg_catalog.pg_replication_slots s where s.slot_name like 'transhume\_%' and not s.temporary
union all
select 'publication', p.pubname::text, false
from pg_catalog.pg_publication p where p.pubname like 'transhume\_%'
order by 1, 2
