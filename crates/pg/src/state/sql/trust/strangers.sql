-- What of the schema transhume does not belong to the connecting role, or could run somebody's code where it is touched.
-- Reads catalogs only, no row of the schema. Nothing where the schema is ours, or is not there.
with recursive schema as (
    select n.oid, n.nspowner, n.nspacl
    from pg_catalog.pg_namespace n
    where n.nspname = 'transhume'
), ours (oid) as (
    -- The connecting role and those that it was made a member of. A superuser may act as anybody, and CREATEROLE makes
    -- whoever creates a role its administrator: neither makes that role's objects ours.
    select r.oid from pg_catalog.pg_roles r where r.rolname = current_user
    union
    -- Before PostgreSQL 15 any role may make others members of itself, later who administers it: a membership counts where a superuser
    -- gave it, the connecting role itself, or, where that is none, who administers roles. A grantor may be gone.
    select m.roleid
    from pg_catalog.pg_auth_members m
    join ours on ours.oid = m.member
    join pg_catalog.pg_roles me on me.rolname = current_user
    left join pg_catalog.pg_roles grantor on grantor.oid = m.grantor
    where (grantor.oid is null or grantor.rolsuper or grantor.oid = me.oid or grantor.rolcreaterole and not me.rolsuper)
      and (coalesce((pg_catalog.to_jsonb(m) ->> 'inherit_option')::boolean, true)
       or coalesce((pg_catalog.to_jsonb(m) ->> 'set_option')::boolean, true))
), relation as (
    select c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relrowsecurity or c.relforcerowsecurity as secured
    from pg_catalog.pg_class c
    join schema s on c.relnamespace = s.oid
), owned (place, what, owner) as (
    select 1, 'the schema transhume', s.nspowner from schema s
    union all
    -- An index belongs to who has its table.
    select 2, case r.relkind when 'r' then 'the table ' when 'S' then 'the sequence ' else 'the relation ' end || r.relname,
           r.relowner
    from relation r
    where r.relkind <> 'i'
), object (what, owner) as (
    -- Kinds of objects that a state never has.
    select 'the relation ' || r.relname || ' of kind ' || r.relkind::text, r.relowner
    from relation r
    where r.relkind not in ('r', 'i', 'S')
    union all
    select 'the function ' || p.proname, p.proowner
    from pg_catalog.pg_proc p join schema s on p.pronamespace = s.oid
    union all
    select 'the type ' || t.typname, t.typowner
    from pg_catalog.pg_type t join schema s on t.typnamespace = s.oid
    where t.typtype <> 'c' and not (t.typtype = 'b' and t.typcategory = 'A')
    union all
    select 'the operator ' || o.oprname, o.oprowner
    from pg_catalog.pg_operator o join schema s on o.oprnamespace = s.oid
    union all
    select 'the collation ' || o.collname, o.collowner
    from pg_catalog.pg_collation o join schema s on o.collnamespace = s.oid
    union all
    select 'the conversion ' || o.conname, o.conowner
    from pg_catalog.pg_conversion o join schema s on o.connamespace = s.oid
    union all
    select 'the operator class ' || o.opcname, o.opcowner
    from pg_catalog.pg_opclass o join schema s on o.opcnamespace = s.oid
    union all
    select 'extended statistics on ' || r.relname, o.stxowner
    from pg_catalog.pg_statistic_ext o join relation r on o.stxrelid = r.oid
    union all
    select 'the trigger ' || t.tgname || ' on ' || r.relname, p.proowner
    from pg_catalog.pg_trigger t
    join relation r on t.tgrelid = r.oid
    join pg_catalog.pg_proc p on p.oid = t.tgfoid
    where not t.tgisinternal or p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace
    union all
    select 'the rule ' || w.rulename || ' on ' || r.relname, r.relowner
    from pg_catalog.pg_rewrite w join relation r on w.ev_class = r.oid
    union all
    select 'the policy ' || l.polname || ' on ' || r.relname, r.relowner
    from pg_catalog.pg_policy l join relation r on l.polrelid = r.oid
    union all
    select 'row security of ' || r.relname, r.relowner
    from relation r where r.secured
    union all
    select 'the inheritance of ' || r.relname, c.relowner
    from pg_catalog.pg_inherits i
    join relation r on r.oid in (i.inhparent, i.inhrelid)
    join pg_catalog.pg_class c on c.oid = case when i.inhparent = r.oid then i.inhrelid else i.inhparent end
    where r.relkind <> 'i'
    union all
    select 'the foreign key ' || k.conname || ' of ' || c.relname, c.relowner
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid
    join schema s on true
    where k.contype = 'f'
      and ((k.conrelid in (select oid from relation)) <> (k.confrelid in (select oid from relation)))
    union all
    -- What every server has is not listed as depended on; what is listed is somebody's.
    select distinct pg_catalog.pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) || ', used by ' || r.relname,
           coalesce(p.proowner, o.oprowner, t.typowner, c.opcowner, l.collowner)
    from relation r
    join lateral (
        select d.*
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = r.oid
        union all
        select d.*
        from pg_catalog.pg_attrdef a
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid = a.oid
        where a.adrelid = r.oid
        union all
        select d.*
        from pg_catalog.pg_constraint k
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and d.objid = k.oid
        where k.conrelid = r.oid
    ) d on true
    left join pg_catalog.pg_proc p
        on d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid = d.refobjid
    left join pg_catalog.pg_operator o
        on d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and o.oid = d.refobjid
    left join pg_catalog.pg_type t
        on d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass and t.oid = d.refobjid
    left join pg_catalog.pg_opclass c
        on d.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass and c.oid = d.refobjid
    left join pg_catalog.pg_collation l
        on d.refclassid = 'pg_catalog.pg_collation'::pg_catalog.regclass and l.oid = d.refobjid
    where d.refclassid not in ('pg_catalog.pg_namespace'::pg_catalog.regclass, 'pg_catalog.pg_class'::pg_catalog.regclass,
                               'pg_catalog.pg_constraint'::pg_catalog.regclass)
), granted (what, holder) as (
    select 'rows of ' || r.relname, a.grantee
    from relation r
    cross join lateral pg_catalog.aclexplode(r.relacl) a
    where r.relkind in ('r', 'S')
      and a.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'USAGE', 'MAINTAIN')
    union
    select 'columns of ' || r.relname, a.grantee
    from relation r
    join pg_catalog.pg_attribute t on t.attrelid = r.oid and t.attacl is not null
    cross join lateral pg_catalog.aclexplode(t.attacl) a
    where a.privilege_type in ('INSERT', 'UPDATE', 'REFERENCES')
    union
    select 'new objects in the schema transhume', a.grantee
    from schema s
    cross join lateral pg_catalog.aclexplode(s.nspacl) a
    where a.privilege_type = 'CREATE'
)
select told.what, coalesce_owner.name as owner
from (
    select o.place, o.what || ' belongs to ' as what, o.owner from owned o where o.owner not in (select oid from ours)
    union all
    select 4, o.what || ' of ', o.owner from object o
    union all
    select 3, g.what || ' may be written by ', g.holder from granted g where g.holder not in (select oid from ours)
) told
cross join lateral (
    select coalesce((select r.rolname::text from pg_catalog.pg_roles r where r.oid = told.owner), 'public') as name
) coalesce_owner
order by told.place, told.what
