-- Every type that a column of a user table reaches: elements of arrays, bases of domains,
-- attributes of composites, subtypes of ranges, and the array forms themselves.
with recursive reachable(oid) as (
    select a.atttypid
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relpersistence <> 't'
      and a.attnum > 0 and not a.attisdropped
      and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)' and n.nspname not in ('information_schema', 'transhume')
  union
    select inner_type.oid
    from reachable
    join pg_catalog.pg_type t on t.oid = reachable.oid
    cross join lateral (
        select t.typelem as oid where t.typelem <> 0
        union all
        select t.typbasetype where t.typbasetype <> 0
        union all
        select a.atttypid from pg_catalog.pg_attribute a
        where a.attrelid = t.typrelid and t.typrelid <> 0 and a.attnum > 0 and not a.attisdropped
        union all
        select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid
        union all
        -- pg_range.rngmultitypid exists since 14; read this way the query runs on older servers too
        select r.rngtypid from pg_catalog.pg_range r
        where (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid = t.oid
    ) inner_type
)
select
    t.oid,
    pg_catalog.format_type(t.oid, null)                 as name,
    case when t.typelem <> 0 and t.typlen = -1 and t.typcategory = 'A' then 'array'
         else t.typtype::text end                       as kind,
    extension.name                                      as extension,
    t.typsend <> 0 and t.typreceive <> 0                as has_binary,
    array(
        select t.typelem where t.typelem <> 0
        union all
        select t.typbasetype where t.typbasetype <> 0
        union all
        select a.atttypid from pg_catalog.pg_attribute a
        where a.attrelid = t.typrelid and t.typrelid <> 0 and a.attnum > 0 and not a.attisdropped
        union all
        select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid
        union all
        select r.rngtypid from pg_catalog.pg_range r
        where (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid = t.oid
    )                                                   as parts
from reachable
join pg_catalog.pg_type t on t.oid = reachable.oid
left join lateral (
    select e.extname::text as name
    from pg_catalog.pg_depend d
    join pg_catalog.pg_extension e on e.oid = d.refobjid
    where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objid = t.oid
      and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'e'
    limit 1
) extension on true
