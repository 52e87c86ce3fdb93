-- Whether some session of this database holds the lock that these two numbers name.
select exists (
    select
    from pg_catalog.pg_locks l
    where l.locktype = 'advisory'
      and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
      and l.classid::bigint = $1::int4
      and l.objid::bigint = $2::int4
      and l.objsubid = 2
      and l.granted
)
