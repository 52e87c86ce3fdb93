-- Tells client sessions of the database to end: those with these process ids ($1), all where it is null.
with candidates as materialized (
    select a.pid,
           pg_catalog.pg_has_role(a.usesysid, 'usage')
             or (pg_catalog.pg_has_role('pg_signal_backend', 'usage')
                 and not (select r.rolsuper from pg_catalog.pg_roles r where r.oid = a.usesysid)) as allowed
    from pg_catalog.pg_stat_activity a
    where a.datname = pg_catalog.current_database()
      -- Whoever may not see the kind of another role's session sees null.
      and coalesce(a.backend_type, 'client backend') = 'client backend'
      and a.pid <> pg_catalog.pg_backend_pid()
      and ($1 is null or a.pid = any ($1))
      and a.application_name not like 'transhume:%'
), ended as materialized (
    select pid, pg_catalog.pg_terminate_backend(pid) as done from candidates where allowed
)
select (select coalesce(pg_catalog.array_agg(pid), '{}') from ended where done) as ended,
       (select pg_catalog.count(*) from candidates where not allowed) as refused
