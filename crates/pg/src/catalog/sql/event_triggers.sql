-- Event triggers of this database that belong to no extension, but for those of a migration, and whether they fire for what this
-- session does.
select t.evtname::text as name, t.evtevent::text as occasion,
    case
        when t.evtenabled = 'D' then false
        -- before a session can set anything
        when t.evtevent = 'login' then t.evtenabled <> 'R'
        when pg_catalog.current_setting('event_triggers', true) = 'off' then false
        when pg_catalog.current_setting('session_replication_role') = 'replica' then t.evtenabled <> 'O'
        else t.evtenabled <> 'R'
    end as fires
from pg_catalog.pg_event_trigger t
where t.evtname !~ '^transhume_[0-9a-f]{8}_ddl_'
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass
      and d.objid = t.oid and d.deptype = 'e')
order by t.evtname
