-- Who still runs a transaction whose id is below $1 (64 bits; ids in the views are its low 32 bits).
-- age() compares modulo 2^32 with the next id, so no wrap-around can mislead it.
with horizon as (
    select pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) - $1::bigint as age
)
select 'pid ' || a.pid
       || coalesce(' of ' || a.usename::text, '')
       || coalesce(' (' || nullif(a.application_name, '') || ')', '')
       || coalesce(', in its transaction since ' || a.xact_start::timestamptz(0)::text, '') as description
from pg_catalog.pg_stat_activity a, horizon
where a.backend_xid is not null
  and pg_catalog.age(a.backend_xid) > horizon.age
union all
select 'prepared transaction ' || pg_catalog.quote_literal(p.gid)
       || ' of ' || p.owner::text || ', prepared ' || p.prepared::timestamptz(0)::text
from pg_catalog.pg_prepared_xacts p, horizon
where pg_catalog.age(p.transaction) > horizon.age
