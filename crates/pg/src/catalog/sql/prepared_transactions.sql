-- Prepared transactions of the whole cluster: creating a slot waits for each of them.
select
    p.gid,
    p.owner::text                                                                          as owner,
    p.database::text                                                                       as database_name,
    extract(epoch from pg_catalog.clock_timestamp() - p.prepared)::bigint                  as age_seconds
from pg_catalog.pg_prepared_xacts p
order by p.prepared
