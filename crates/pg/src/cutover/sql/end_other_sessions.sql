-- Tells whoever is connected to the database to end: those with these process ids ($1), all where it is null. Left alone are our
-- own sessions ($2, process ids), whoever streams from our slot ($3), and the server's own housekeeping. Parallel workers end
-- with their leader.
with candidates as materialized (
    select a.pid,
           -- A superuser's process ends for superusers alone, whoever is a member of that role; so does one without a role.
           mover.rolsuper
             or coalesce(
                 not owner.rolsuper
                   and (pg_catalog.pg_has_role(owner.oid, 'usage')
                        or pg_catalog.pg_has_role('pg_signal_backend', 'usage')),
                 false) as allowed
    from pg_catalog.pg_stat_activity a
    join pg_catalog.pg_roles mover on mover.rolname = current_user
    left join pg_catalog.pg_roles owner on owner.oid = a.usesysid
    where a.datname = pg_catalog.current_database()
      -- Whoever may not see the kind of another role's session sees null; without a role it is then autovacuum.
      and coalesce(a.backend_type, 'client backend') not in ('autovacuum worker', 'parallel worker')
      and (a.backend_type is not null or a.usesysid is not null)
      and a.pid <> pg_catalog.pg_backend_pid()
      and ($1 is null or a.pid = any ($1))
      and a.pid <> all ($2)
      and not exists (
        select
        from pg_catalog.pg_replication_slots s
        where s.slot_name = $3 and s.active_pid = a.pid
      )
), ended as materialized (
    select pid, pg_catalog.pg_terminate_backend(pid) as done from candidates where allowed
)
select (select coalesce(pg_catalog.array_agg(pid), '{}') from ended where done) as ended,
       (select pg_catalog.count(*) from candidates where not allowed) as refused
