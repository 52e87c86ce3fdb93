select exists (
    select
    from pg_catalog.pg_locks l
    where l.locktype = 'advisory'
      and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
      and l.classid::bigint = 1953653102
      and l.objid::bigint = 1936225645
      and l.objsubid = 2
      and l.granted
)
