-- User mappings as pg_dump describes their entries, with their identity and server.
select pg_catalog.format('USER MAPPING - USER MAPPING %s SERVER %s %s', m.usename, m.srvname,
                         pg_catalog.pg_get_userbyid(s.srvowner)) as description,
       i.type || ' ' || i.identity                             as identity,
       s.oid                                                   as server
from pg_catalog.pg_user_mappings m
join pg_catalog.pg_foreign_server s on s.oid = m.srvid
cross join lateral pg_catalog.pg_identify_object('pg_catalog.pg_user_mapping'::pg_catalog.regclass, m.umid, 0) i
where i.identity is not null
