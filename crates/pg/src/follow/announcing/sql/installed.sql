-- What of this program's is in its schema on the source ($1): the functions that event triggers call, the digest of all that was
-- made there, and whether it is still ours: made by the role that asks, the key readable by nobody else, and no trigger switched off.
select p.proname::text as name,
       (select pg_catalog.split_part(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '''', 2)
        from pg_catalog.pg_class c
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'version'
        join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where c.relnamespace = n.oid and c.relname = 'key') as version,
       n.nspowner = own.oid and p.proowner = own.oid
       and (select pg_catalog.count(*) = 2 from pg_catalog.pg_event_trigger e
            where e.evtfoid = p.oid and e.evtenabled = 'A' and e.evtowner = own.oid)
       and exists (
           select from pg_catalog.pg_class c
           where c.relnamespace = n.oid and c.relname = 'key' and c.relowner = own.oid
             and not exists (
                 select from pg_catalog.aclexplode(c.relacl) granted where granted.grantee <> own.oid)
             and not exists (
                 select from pg_catalog.pg_attribute a, pg_catalog.aclexplode(a.attacl) granted
                 where a.attrelid = c.oid and granted.grantee <> own.oid)) as is_sound
from pg_catalog.pg_namespace n
cross join (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user) own
left join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname in ('announce', 'refuse')
where n.nspname = $1
