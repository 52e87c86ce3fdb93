-- Event triggers of this database that belong to no extension, but for those of a migration.
select t.evtname::text as name, t.evtevent::text as occasion, t.evtenabled <> 'D' as enabled
from pg_catalog.pg_event_trigger t
where t.evtname !~ '^transhume_[0-9a-f]{8}_ddl_'
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass
      and d.objid = t.oid and d.deptype = 'e')
order by t.evtname
