-- Slots of the cluster and publications of this database that carry our prefix (names::PREFIX), with what there is to tell
-- whose they are. A physical slot is nobody's of ours; a standby has no WAL position of its own.
select 'slot' as kind, s.slot_name::text as name, s.active, s.database::text as database, ''::text as owner,
       case when not pg_catalog.pg_is_in_recovery()
            then pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)::bigint
       end as retained_bytes,
       pg_catalog.age(s.catalog_xmin)::bigint as age
from pg_catalog.pg_replication_slots s
where s.slot_name ~ '^transhume_[0-9a-fA-F]{8}' and not s.temporary and s.database is not null
union all
select 'publication', p.pubname::text, false, '', pg_catalog.pg_get_userbyid(p.pubowner)::text, null, pg_catalog.age(p.xmin)::bigint
from pg_catalog.pg_publication p where p.pubname ~ '^transhume_[0-9a-fA-F]{8}'
union all
select 'schema', n.nspname::text, false, '', pg_catalog.pg_get_userbyid(n.nspowner)::text, null, null
from pg_catalog.pg_namespace n where n.nspname = 'transhume'
order by 1, 2
