-- Whether a worker of these subscriptions of this database lives; another database may have some of the same names.
select pg_catalog.count(worker.pid) > 0
from pg_catalog.pg_stat_subscription worker
join pg_catalog.pg_subscription s on s.oid = worker.subid
where s.subname = any ($1::text[])
  and s.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
