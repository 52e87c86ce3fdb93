-- Who owns these ($1) and what is granted on them, as core::guard::access::AccessFacts. What is granted to the role that asks, and
-- owns nothing of it, is its own matter. Expects search_path = ''. The body of a function on the
-- source, and a query on the target.
with owned (class, oid, kind, letter, schema, name, identity, owner, acl) as (
    select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, c.oid, case c.relkind when 'S' then 'sequence' else 'table' end, case c.relkind when 'S' then 's' else 'r' end,
           n.nspname, c.relname, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relowner, c.relacl
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = any ($1::pg_catalog.oid[]) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't'
    union all
    select 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 'routine', 'f', n.nspname, p.proname,
           pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), p.proowner, p.proacl
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.oid = any ($1)
    union all
    select 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 'type', 'T', n.nspname, t.typname, pg_catalog.format('%I.%I', n.nspname, t.typname), t.typowner, t.typacl
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    left join pg_catalog.pg_class c on c.oid = t.typrelid
    where t.oid = any ($1) and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
    union all
    select 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, 'schema', 'n', n.nspname, '', pg_catalog.quote_ident(n.nspname), n.nspowner, n.nspacl
    from pg_catalog.pg_namespace n
    where n.oid = any ($1)
)
select o.class, o.oid as object, pg_catalog.jsonb_build_object(
    'kind', o.kind, 'schema', o.schema, 'name', o.name, 'identity', o.identity,
    'owner', pg_catalog.pg_get_userbyid(o.owner),
    'known', (
        select pg_catalog.jsonb_agg(distinct e.privilege_type)
        from pg_catalog.aclexplode(pg_catalog.acldefault(o.letter::"char", o.owner)) e where e.grantee = o.owner),
    'rights', coalesce((
        select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'grantee', g.role, 'is_owners', g.grantee = o.owner, 'column', g.attname, 'privilege', g.privilege_type,
            'is_grantable', g.is_grantable) order by g.role, g.attname, g.privilege_type)
        from (
            select e.grantee, r.rolname as role, e.attname, e.privilege_type, pg_catalog.bool_or(e.is_grantable) as is_grantable
            from (
                select null::pg_catalog.name as attname, a.*
                from pg_catalog.aclexplode(coalesce(o.acl, pg_catalog.acldefault(o.letter::"char", o.owner))) a
                union all
                select c.attname, a.*
                from pg_catalog.pg_attribute c, pg_catalog.aclexplode(c.attacl) a
                where o.class = 'pg_catalog.pg_class'::pg_catalog.regclass and c.attrelid = o.oid and not c.attisdropped) e
            left join pg_catalog.pg_roles r on r.oid = e.grantee
            where (e.grantee = 0 or r.oid is not null) and (e.grantee = o.owner or r.rolname is distinct from current_user)
            group by e.grantee, r.rolname, e.attname, e.privilege_type) g), '[]')) as described
from owned o
