-- Columns of tables ($1 schemas, $2 tables, place by place) as far as writing to them needs; one row of nulls for a
-- table without columns, no row for a table that is not there. What a type is like is asked once for each type.
-- description: as in as_described.sql, for that to compare with.
-- image_equality: equal values of this type always have the same text.
-- base_oid: the type itself, or the one that a domain is made of in the end.
with wanted_table as materialized (
    select wanted.number, c.oid, c.relkind,
           pg_catalog.concat_ws(' ', n.xmin, array[n.nspname, c.relname], c.relkind, array(
               select a.attname || ' ' || a.atttypid || ' ' || a.atttypmod
               from pg_catalog.pg_attribute a
               where a.attrelid = c.oid and a.attnum > 0
               order by a.attnum)) as description
    from unnest($1::pg_catalog.name[], $2::pg_catalog.name[]) with ordinality
             as wanted (schema_name, table_name, number)
    join pg_catalog.pg_namespace n on n.nspname = wanted.schema_name
    join pg_catalog.pg_class c
      on c.relnamespace = n.oid and c.relname = wanted.table_name and c.relkind in ('r', 'p')
),
described as materialized (
    select c.number, c.oid, c.description,
           a.attnum, a.attname, a.atttypid, a.atttypmod, a.attidentity, a.attgenerated,
           coalesce(key.indrelid is not null, false) as in_primary_key,
           c.relkind = 'p'                           as is_partitioned,
           sorting.collisdeterministic
    from wanted_table c
    left join pg_catalog.pg_attribute a
           on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_collation sorting on sorting.oid = a.attcollation
    left join pg_catalog.pg_index key
           on key.indrelid = c.oid and key.indisprimary and key.indimmediate and key.indisvalid
          and a.attnum = any (key.indkey::pg_catalog.int2[])
),
type as materialized (
    select used.atttypid as oid,
           pg_catalog.format_type(used.atttypid, -1)    as name,
           base.oid                                     as base_oid,
           base.typtype                                 as base_kind,
           pg_catalog.format_type(base.oid, -1)         as base_name,
           coalesce(equality.schema_name, 'pg_catalog') as equality_schema,
           coalesce(equality.operator_name, '=')        as equality_name,
           not exists (
               -- A cast by a function may differ from the type's input; those of name, "char" and xml do not.
               select from pg_catalog.pg_cast from_text
               where from_text.castsource = 25
                 and from_text.casttarget = base.oid
                 and from_text.castmethod = 'f'
                 and base.oid not in (18, 19, 142)
           )                                            as text_cast_is_input
    from (select distinct atttypid from described where atttypid is not null) used
    left join lateral (
        with recursive chain as (
            select t.oid, t.typtype, t.typbasetype
            from pg_catalog.pg_type t where t.oid = used.atttypid
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
)
select described.number           as number,
       described.oid              as oid,
       described.description      as description,
       described.attname::text    as name,
       described.attnum           as column_number,
       described.atttypid         as type_oid,
       described.atttypmod        as type_modifier,
       type.name                  as type_name,
       described.attidentity::text  as identity,
       described.attgenerated::text as generated,
       described.in_primary_key   as in_primary_key,
       described.is_partitioned   as is_partitioned,
       type.equality_schema       as equality_schema,
       type.equality_name         as equality_name,
       coalesce(type.base_kind = 'e'
                -- int2 int4 int8 oid bool "char" name bytea uuid date time timestamp timestamptz
                or type.base_oid in (21, 23, 20, 26, 16, 18, 19, 17, 2950, 1082, 1083, 1114, 1184)
                -- text and varchar, where equal means the same bytes
                or (type.base_oid in (25, 1043) and described.collisdeterministic)
                -- bpchar of a fixed width is always padded to it
                or (type.base_oid = 1042 and described.atttypmod > 0 and described.collisdeterministic),
                false)            as image_equality,
       type.base_oid              as base_oid,
       type.base_kind = 'e'       as base_is_enum,
       type.base_name             as base_type_name,
       type.text_cast_is_input    as text_cast_is_input
from described
left join type on type.oid = described.atttypid
order by described.number, described.attnum
