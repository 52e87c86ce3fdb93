-- Privileges that are not those an object has by default, by the object they are on: grantee and what it may do.
-- $1: whether MAINTAIN counts; it came with version 17, and an older server cannot have it.
-- What initdb or an extension granted is theirs.
with held as (
    select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid as class, c.oid as object, 0::pg_catalog.int2 as part,
           c.relowner as owner, c.relacl as acl,
           pg_catalog.acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner) as usual
    from pg_catalog.pg_class c
    where c.relacl is not null
    union all
    select 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum, c.relowner, a.attacl, pg_catalog.acldefault('c', c.relowner)
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    where a.attacl is not null
    union all
    select 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, p.proowner, p.proacl, pg_catalog.acldefault('f', p.proowner)
    from pg_catalog.pg_proc p
    where p.proacl is not null
    union all
    select 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0, t.typowner, t.typacl, pg_catalog.acldefault('T', t.typowner)
    from pg_catalog.pg_type t
    where t.typacl is not null
    union all
    select 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, 0, n.nspowner, n.nspacl, pg_catalog.acldefault('n', n.nspowner)
    from pg_catalog.pg_namespace n
    where n.nspacl is not null
    union all
    select 'pg_catalog.pg_language'::pg_catalog.regclass, l.oid, 0, l.lanowner, l.lanacl, pg_catalog.acldefault('l', l.lanowner)
    from pg_catalog.pg_language l
    where l.lanacl is not null
    union all
    select 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, w.oid, 0, w.fdwowner, w.fdwacl,
           pg_catalog.acldefault('F', w.fdwowner)
    from pg_catalog.pg_foreign_data_wrapper w
    where w.fdwacl is not null
    union all
    select 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, v.oid, 0, v.srvowner, v.srvacl,
           pg_catalog.acldefault('S', v.srvowner)
    from pg_catalog.pg_foreign_server v
    where v.srvacl is not null
),
granted as (
    -- The owner is called so: that it is another one is said once, and not with every privilege.
    select h.class, h.object, h.part, h.is_usual,
           case when a.grantee = 0 then 'everybody'
                when a.grantee = h.owner then 'its owner'
                else 'role ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end collate "C" as grantee,
           pg_catalog.string_agg(
               a.privilege_type || case when a.is_grantable and a.grantee <> h.owner then ' WITH GRANT OPTION' else '' end,
               ', ' order by a.privilege_type collate "C") as privileges
    from (
        select held.*, false as is_usual, acl as list from held
        union all
        select held.*, true, usual from held
    ) h
    cross join lateral (select distinct grantee, privilege_type, is_grantable from pg_catalog.aclexplode(h.list)) a
    where $1::pg_catalog.bool or a.privilege_type <> 'MAINTAIN'
    group by h.class, h.object, h.part, h.is_usual, 5
),
compared as (
    select class, object, part, grantee,
           pg_catalog.max(privileges) filter (where not is_usual) as actual,
           pg_catalog.max(privileges) filter (where is_usual) as usual
    from granted
    group by class, object, part, grantee
),
told as (
    select class, object, part,
           pg_catalog.bool_or(actual is distinct from usual) as is_told,
           -- Nothing was taken from anybody: what everybody has who has it by default is not told again beside what was added,
           -- or an object that nothing was added to would seem to lack it.
           pg_catalog.bool_and(usual is null or actual is not distinct from usual) as only_adds,
           pg_catalog.json_object_agg(grantee, actual order by grantee) filter (where actual is not null)::text as whole,
           pg_catalog.json_object_agg(grantee, actual order by grantee)
               filter (where actual is not null and actual is distinct from usual)::text as added
    from compared
    group by class, object, part
)
select class, object, part::pg_catalog.int2 as part,
       coalesce(case when only_adds then added else whole end, '{}') as text
from told
-- What initdb makes has smaller OIDs.
where object >= 16384
  and is_told
  and not exists (
      select from pg_catalog.pg_init_privs i
      where i.classoid = told.class and i.objoid = told.object and i.objsubid = told.part)
