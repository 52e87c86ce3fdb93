-- What evaluates functions of users while rows come: checks, generated columns, domains, partition keys, indexes and statistics
-- of tables, and materialized views, each with its functions. Of those without a search path of their own, the statement that
-- gives them one. Views that call none are among them with what they read, since a right may be missing or a value may not
-- fit; so are tables whose values name roles.
with recursive function as (
    select p.oid, p.provolatile <> 'i' as reads,
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
-- What calls them under another name.
caller (class, object, function) as (
    select 'pg_catalog.pg_proc'::pg_catalog.regclass, function.oid, function.oid
    from function
    union
    select 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, function.oid
    from function
    join pg_catalog.pg_operator o on o.oprcode = function.oid
    union
    select 'pg_catalog.pg_proc'::pg_catalog.regclass, a.aggfnoid::pg_catalog.oid, function.oid
    from function
    join pg_catalog.pg_aggregate a
        on function.oid in (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
    union
    select 'pg_catalog.pg_opclass'::pg_catalog.regclass, c.oid, function.oid
    from function
    join pg_catalog.pg_amproc p on p.amproc = function.oid
    join pg_catalog.pg_opclass c on c.opcfamily = p.amprocfamily
),
needs as (
    select d.classid, d.objid, caller.function
    from pg_catalog.pg_depend d
    join caller on caller.class = d.refclassid and caller.object = d.refobjid
),
-- Arrays, domains, ranges and composites rest on the types that they are made of.
made_of (type, part) as (
    select d.objid, d.refobjid
    from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
    union all
    select c.reltype, a.atttypid
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid and c.reltype <> 0
    where a.atttypid >= 16384 and not a.attisdropped
),
-- Types whose values such a function checks, and what is made of them.
checked (type, function) as (
    select k.contypid, needs.function
    from needs
    join pg_catalog.pg_constraint k on k.oid = needs.objid
    where needs.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.contypid <> 0
    union
    select made_of.type, checked.function
    from checked
    join made_of on made_of.part = checked.type
),
-- What a materialized view reads, through views.
read (view, relation) as (
    select m.oid, m.oid
    from pg_catalog.pg_class m
    where m.relkind = 'm' and m.relispopulated
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
    select s.stxrelid, needs.function
    from needs
    join pg_catalog.pg_statistic_ext s on s.oid = needs.objid
    where needs.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
    union
    -- One leaf speaks for all: the largest.
    (select distinct on (p.partrelid, needs.function) leaf.oid, needs.function
     from needs
     join pg_catalog.pg_partitioned_table p on p.partrelid = needs.objid
     cross join pg_catalog.pg_partition_tree(p.partrelid) tree
     join pg_catalog.pg_class leaf on leaf.oid = tree.relid and leaf.relkind = 'r'
     where needs.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
     order by p.partrelid, needs.function, pg_catalog.pg_relation_size(leaf.oid) desc)
    union
    -- Without rows in what it reads a view evaluates nothing.
    select read.relation, null
    from read
    union
    (select distinct on (read.relation) leaf.oid, null::pg_catalog.oid
     from read
     join pg_catalog.pg_partitioned_table p on p.partrelid = read.relation
     cross join pg_catalog.pg_partition_tree(p.partrelid) tree
     join pg_catalog.pg_class leaf on leaf.oid = tree.relid and leaf.relkind = 'r'
     order by read.relation, pg_catalog.pg_relation_size(leaf.oid) desc)
    union
    select a.attrelid, null
    from pg_catalog.pg_attribute a
    where a.atttypid in ('pg_catalog.regrole'::pg_catalog.regtype, 'pg_catalog.regrole[]'::pg_catalog.regtype,
                         'pg_catalog.aclitem'::pg_catalog.regtype, 'pg_catalog.aclitem[]'::pg_catalog.regtype)
      and a.attrelid >= 16384 and a.attnum > 0 and not a.attisdropped
    union
    select a.attrelid, checked.function
    from checked
    join pg_catalog.pg_attribute a on a.atttypid = checked.type and a.attnum > 0 and not a.attisdropped
    union
    select viewing.view, viewing.function from viewing
)
select c.oid,
       n.nspname::text                                                   as schema_name,
       c.relname::text                                                   as table_name,
       c.relkind = 'm'                                                   as is_view,
       exists (
           select from needs
           join pg_catalog.pg_statistic_ext s on s.oid = needs.objid
           where needs.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass and s.stxrelid = c.oid
       )                                                                 as has_statistics,
       coalesce(pg_catalog.bool_or(function.reads), false)               as reads_others,
       coalesce(pg_catalog.array_agg(distinct function.remedy) filter (where function.remedy is not null), '{}') as remedies,
       array(select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
             order by a.attnum)                                          as columns
from used
left join function on function.oid = used.function
join pg_catalog.pg_class c on c.oid = used.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where (c.relkind = 'r' or c.relkind = 'm' and c.relispopulated)
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
group by c.oid, n.nspname, c.relname, c.relkind
order by c.oid
