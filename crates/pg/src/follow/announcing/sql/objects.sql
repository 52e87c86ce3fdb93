-- What belongs to tables ($1), and the views and functions among $2, as core::guard::schema::SchemaObject: what it is called and,
-- without that, what it says. Touched is what $2 names and what was written no earlier than this transaction began to write.
-- Expects search_path = ''. The body of a function on the source, and a query on the target.
with own (age) as materialized (
    select pg_catalog.age(pg_catalog.mod(pg_catalog.txid_current(), 4294967296)::text::pg_catalog.xid)
), indexed as materialized (
    select i.indexrelid, i.indrelid, ic.relname, ic.relnamespace, ic.oid = any ($2) or pg_catalog.age(ic.xmin) <= own.age as is_touched,
           i.indisvalid and not ic.relispartition as is_told,
           case when i.indisunique then 'UNIQUE ' else '' end as uniqueness,
           -- a tree's is printed as if its partitions had none
           pg_catalog.regexp_replace(
               pg_catalog.substr(
                   pg_catalog.pg_get_indexdef(i.indexrelid),
                   pg_catalog.length(case when i.indisunique then 'CREATE UNIQUE INDEX ' else 'CREATE INDEX ' end
                                     || pg_catalog.quote_ident(ic.relname)) + 2),
               '^ON ONLY ', 'ON ') as says
    from own cross join pg_catalog.pg_index i
    join pg_catalog.pg_class ic on ic.oid = i.indexrelid
    where i.indrelid = any ($1::pg_catalog.oid[])
), objects (kind, class, schema, name, table_oid, definition, index_says, is_checked, is_enabled, is_touched) as (
    select 'index', 1, n.nspname, i.relname, i.indrelid, i.uniqueness || 'INDEX ' || pg_catalog.quote_ident(i.relname) || ' ' || i.says,
           i.uniqueness || i.says, true, true, i.is_touched
    from indexed i
    join pg_catalog.pg_namespace n on n.oid = i.relnamespace
    where i.is_told and not exists (
        select from pg_catalog.pg_constraint k where k.conrelid = i.indrelid and k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
    union all
    select case k.contype when 'f' then 'foreign-key' else 'constraint' end, 2, n.nspname, k.conname, k.conrelid,
           pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
           case when k.contype in ('p', 'u') then i.uniqueness || i.says end,
           k.convalidated, true, k.oid = any ($2) or pg_catalog.age(k.xmin) <= own.age or coalesce(i.is_touched, false)
    from own cross join pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join indexed i on i.indexrelid = k.conindid and k.contype in ('p', 'u')
    where k.conrelid = any ($1) and k.contype in ('p', 'u', 'x', 'f', 'c') and k.conparentid = 0 and k.conislocal
    union all
    select 'row-security', 4, n.nspname, c.relname, c.oid,
           case when c.relrowsecurity then 'enable' else 'disable' end || ' row level security, '
           || case when c.relforcerowsecurity then 'force' else 'no force' end || ' row level security',
           null, true, true, pg_catalog.age(c.xmin) <= own.age
    from own cross join pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = any ($1) and c.relkind in ('r', 'p')
    union all
    select 'policy', 5, n.nspname, p.polname, p.polrelid,
           case when p.polpermissive then 'as permissive' else 'as restrictive' end
           || ' for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end
           || ' to ' || (
               select pg_catalog.string_agg(coalesce(pg_catalog.quote_ident(r.rolname), 'public'), ', ' order by r.rolname)
               from pg_catalog.unnest(p.polroles) granted (role)
               left join pg_catalog.pg_roles r on r.oid = granted.role)
           || coalesce(' using (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
           || coalesce(' with check (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''),
           null, true, true, p.oid = any ($2) or pg_catalog.age(p.xmin) <= own.age
    from own cross join pg_catalog.pg_policy p
    join pg_catalog.pg_class c on c.oid = p.polrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where p.polrelid = any ($1)
    union all
    select 'trigger', 8, n.nspname, t.tgname, t.tgrelid,
           pg_catalog.substr(
               pg_catalog.pg_get_triggerdef(t.oid),
               pg_catalog.length(case when t.tgconstraint <> 0 then 'CREATE CONSTRAINT TRIGGER ' else 'CREATE TRIGGER ' end
                                 || pg_catalog.quote_ident(t.tgname)) + 2),
           case when t.tgconstraint <> 0 then 'CONSTRAINT ' else '' end,
           true, t.tgenabled <> 'D', t.oid = any ($2) or pg_catalog.age(t.xmin) <= own.age
    from own cross join pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where t.tgrelid = any ($1) and not t.tgisinternal and t.tgenabled in ('O', 'D')
      and coalesce(pg_catalog.to_jsonb(t) ->> 'tgparentid', '0') = '0'
    union all
    select case c.relkind when 'v' then 'view' else 'materialized-view' end, 7, n.nspname, c.relname, null,
           coalesce('with (' || (
               select pg_catalog.string_agg(
                   pg_catalog.quote_ident(o.option_name) || '=' || pg_catalog.quote_literal(o.option_value), ', ' order by o.option_name)
               from pg_catalog.pg_options_to_table(c.reloptions) o) || ') ', '')
           || 'as ' || pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';'),
           null, true, true, true
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = any ($2) and c.relkind in ('v', 'm') and c.relpersistence <> 't'
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
    union all
    select 'function', 6, n.nspname, p.proname, null, pg_catalog.pg_get_functiondef(p.oid), null, true, true, true
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.oid = any ($2) and p.prokind <> 'a' and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
)
select pg_catalog.jsonb_build_object(
    'kind', o.kind, 'schema', o.schema, 'name', o.name,
    'table_oid', o.table_oid::bigint,
    'table', (
        select pg_catalog.jsonb_build_object('schema', n.nspname, 'name', c.relname)
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = o.table_oid),
    'definition', o.definition, 'index_says', o.index_says,
    'is_checked', o.is_checked, 'is_enabled', o.is_enabled, 'is_touched', o.is_touched) as described
from objects o
order by o.class, o.name
