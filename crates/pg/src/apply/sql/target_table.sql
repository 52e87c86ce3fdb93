-- Columns of one table ($1 schema, $2 table) as far as writing to them needs; one row of nulls for a
-- table without columns, no row for a table that is not there.
-- image_equality: equal values of this type always have the same text.
-- base_oid: the type itself, or the one that a domain is made of in the end.
select a.attname::text                            as name,
       a.atttypid                                 as type_oid,
       a.atttypmod                                as type_modifier,
       pg_catalog.format_type(a.atttypid, -1)     as type_name,
       a.attidentity::text                        as identity,
       a.attgenerated::text                       as generated,
       coalesce(key.indrelid is not null, false)  as in_primary_key,
       c.relkind = 'p'                            as is_partitioned,
       coalesce(equality.schema_name, 'pg_catalog') as equality_schema,
       coalesce(equality.operator_name, '=')        as equality_name,
       coalesce(base.typtype = 'e'
                -- int2 int4 int8 oid bool "char" name bytea uuid date time timestamp timestamptz
                or base.oid in (21, 23, 20, 26, 16, 18, 19, 17, 2950, 1082, 1083, 1114, 1184)
                -- text and varchar, where equal means the same bytes
                or (base.oid in (25, 1043) and sorting.collisdeterministic)
                -- bpchar of a fixed width is always padded to it
                or (base.oid = 1042 and a.atttypmod > 0 and sorting.collisdeterministic),
                false)                            as image_equality,
       base.oid                                   as base_oid,
       base.typtype = 'e'                         as base_is_enum,
       pg_catalog.format_type(base.oid, -1)       as base_type_name,
       not exists (
           -- A cast by a function may differ from the type's input; those of name, "char" and xml do not.
           select from pg_catalog.pg_cast from_text
           where from_text.castsource = 25
             and from_text.casttarget = base.oid
             and from_text.castmethod = 'f'
             and base.oid not in (18, 19, 142)
       )                                          as text_cast_is_input
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_attribute a
       on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_collation sorting on sorting.oid = a.attcollation
left join pg_catalog.pg_index key
       on key.indrelid = c.oid and key.indisprimary and key.indimmediate and key.indisvalid
      and a.attnum = any (key.indkey::pg_catalog.int2[])
left join lateral (
    with recursive chain as (
        select t.oid, t.typtype, t.typbasetype
        from pg_catalog.pg_type t where t.oid = a.atttypid
        union all
        select t.oid, t.typtype, t.typbasetype
        from chain join pg_catalog.pg_type t on t.oid = chain.typbasetype
        where chain.typtype = 'd'
    )
    select oid, typtype from chain where typtype <> 'd'
) base on true
left join lateral (
    select operator_schema.nspname::text as schema_name, o.oprname::text as operator_name
    from pg_catalog.pg_opclass class
    join pg_catalog.pg_am method on method.oid = class.opcmethod and method.amname = 'btree'
    join pg_catalog.pg_amop member
      on member.amopfamily = class.opcfamily
     and member.amoplefttype = class.opcintype
     and member.amoprighttype = class.opcintype
     and member.amopstrategy = 3
    join pg_catalog.pg_operator o on o.oid = member.amopopr
    join pg_catalog.pg_namespace operator_schema on operator_schema.oid = o.oprnamespace
    where class.opcdefault and class.opcintype = base.oid
    limit 1
) equality on true
where n.nspname = $1
  and c.relname = $2
  and c.relkind in ('r', 'p')
order by a.attnum
