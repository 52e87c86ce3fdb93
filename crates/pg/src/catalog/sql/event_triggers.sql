-- Event triggers of this database that belong to no extension.
select t.evtname::text as name, t.evtevent::text as occasion, t.evtenabled <> 'D' as enabled
from pg_catalog.pg_event_trigger t
where not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass
      and d.objid = t.oid and d.deptype = 'e')
order by t.evtname
