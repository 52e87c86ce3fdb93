-- Grants of writing on tables, their columns and sequences ($1, OIDs). An object whose acl is null has its owner's
-- default rights, which count as a grant to the owner. Taking a table's grant away takes those of its columns along, so
-- that both are listed.
with objects as (
    select c.oid, n.nspname, c.relname, c.relowner, c.relacl, c.relkind = 'S' as is_sequence
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = any ($1)
), grants as (
    select o.oid, a.grantee, a.privilege_type, null::text as column_name, a.is_grantable
    from objects o
    cross join lateral pg_catalog.aclexplode(
        coalesce(o.relacl, pg_catalog.acldefault((case when o.is_sequence then 's' else 'r' end)::"char", o.relowner))) a
    where a.privilege_type = 'UPDATE'
       or o.is_sequence and a.privilege_type = 'USAGE'
       or not o.is_sequence and a.privilege_type in ('INSERT', 'DELETE', 'TRUNCATE')
    union all
    select o.oid, a.grantee, a.privilege_type, t.attname::text, a.is_grantable
    from objects o
    join pg_catalog.pg_attribute t on t.attrelid = o.oid and t.attnum > 0 and not t.attisdropped
    cross join lateral pg_catalog.aclexplode(t.attacl) a
    where a.privilege_type in ('INSERT', 'UPDATE')
)
select o.nspname::text as schema_name,
       o.relname::text as object_name,
       o.is_sequence,
       r.rolname::text as grantee,
       pg_catalog.array_agg(g.privilege_type) as rights,
       pg_catalog.array_agg(g.column_name) as columns,
       g.is_grantable
from objects o
join grants g on g.oid = o.oid
left join pg_catalog.pg_roles r on r.oid = g.grantee
group by o.nspname, o.relname, o.is_sequence, r.rolname, g.is_grantable
order by o.nspname, o.relname, r.rolname
