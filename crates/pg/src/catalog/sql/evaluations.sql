-- What evaluates functions of users while rows come: checks, generated columns, domains and indexes of tables, and materialized
-- views, each with its functions. Of those without a search path of their own, the statement that gives them one.
with recursive function as (
    select p.oid,
           case when exists (select from pg_catalog.unnest(p.proconfig) c where c like 'search\_path=%') then null
                else pg_catalog.format('alter %s %I.%I(%s) set search_path = %I%s',
                         case p.prokind when 'p' then 'procedure' else 'function' end, n.nspname, p.proname,
                         pg_catalog.pg_get_function_identity_arguments(p.oid), n.nspname,
                         case n.nspname when 'public' then '' else ', public' end) end as remedy
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
    -- What initdb makes has smaller OIDs.
    where p.oid >= 16384 and l.lanname not in ('internal', 'c')
      and not exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
),
needs as (
    select d.classid, d.objid, d.refobjid as function
    from pg_catalog.pg_depend d
    where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      and d.refobjid in (select oid from function)
),
-- Types whose values such a function checks, and what is made of them.
checked (type, function) as (
    select k.contypid, needs.function
    from needs
    join pg_catalog.pg_constraint k on k.oid = needs.objid
    where needs.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.contypid <> 0
    union
    select t.oid, checked.function
    from checked
    join pg_catalog.pg_type t
        on t.typbasetype = checked.type
        or t.typelem = checked.type
        or t.typrelid in (select a.attrelid from pg_catalog.pg_attribute a where a.atttypid = checked.type and not a.attisdropped)
),
-- What a materialized view reads, through views.
read (view, relation) as (
    select m.oid, m.oid
    from pg_catalog.pg_class m
    where m.relkind = 'm'
    union
    select read.view, d.refobjid
    from read
    join pg_catalog.pg_class c on c.oid = read.relation and c.relkind in ('v', 'm')
    join pg_catalog.pg_rewrite r on r.ev_class = read.relation
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
),
viewing as (
    select read.view, needs.function
    from read
    join pg_catalog.pg_rewrite r on r.ev_class = read.relation
    join needs on needs.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and needs.objid = r.oid
),
used as (
    select k.conrelid as relation, needs.function
    from needs
    join pg_catalog.pg_constraint k on k.oid = needs.objid
    where needs.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.conrelid <> 0
    union
    select a.adrelid, needs.function
    from needs
    join pg_catalog.pg_attrdef a on a.oid = needs.objid
    join pg_catalog.pg_attribute t on t.attrelid = a.adrelid and t.attnum = a.adnum and t.attgenerated <> ''
    where needs.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
    union
    select i.indrelid, needs.function
    from needs
    join pg_catalog.pg_index i on i.indexrelid = needs.objid
    where needs.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    union
    select a.attrelid, checked.function
    from checked
    join pg_catalog.pg_attribute a on a.atttypid = checked.type and a.attnum > 0 and not a.attisdropped
    union
    select viewing.view, viewing.function from viewing
    union
    -- Without rows there a view evaluates nothing.
    select read.relation, viewing.function from viewing join read on read.view = viewing.view
)
select c.oid,
       n.nspname::text                                                   as schema_name,
       c.relname::text                                                   as table_name,
       c.relkind = 'm'                                                   as is_view,
       coalesce(pg_catalog.array_agg(distinct function.remedy) filter (where function.remedy is not null), '{}') as remedies,
       array(select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
             order by a.attnum)                                          as columns
from used
join function on function.oid = used.function
join pg_catalog.pg_class c on c.oid = used.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' or c.relkind = 'm' and c.relispopulated
group by c.oid, n.nspname, c.relname, c.relkind
order by c.oid
