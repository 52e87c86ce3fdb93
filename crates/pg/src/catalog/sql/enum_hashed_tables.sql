-- Partitioned tables that place rows by the hash of an enum: the hash comes from the OID of the
-- label, so the same row belongs to another leaf on another cluster.
with recursive enums as (
    select t.oid from pg_catalog.pg_type t where t.typtype = 'e'
    union
    select holder.oid
    from enums
    cross join lateral (
        select t.oid from pg_catalog.pg_type t where t.typelem = enums.oid or t.typbasetype = enums.oid
        union all
        select c.reltype from pg_catalog.pg_attribute a
        join pg_catalog.pg_class c on c.oid = a.attrelid
        where a.atttypid = enums.oid and a.attnum > 0 and not a.attisdropped and c.reltype <> 0
        union all
        select r.rngtypid from pg_catalog.pg_range r where r.rngsubtype = enums.oid
    ) holder
)
select distinct n.nspname::text as schema_name, c.relname::text as table_name
from pg_catalog.pg_partitioned_table p
join pg_catalog.pg_class c on c.oid = p.partrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = any (p.partattrs::smallint[])
join enums on enums.oid = a.atttypid
where p.partstrat = 'h'
  and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'transhume')
order by 1, 2
