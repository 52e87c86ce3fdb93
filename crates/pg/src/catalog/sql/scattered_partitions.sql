-- Partitions below tables that place rows by the hash of an enum, one row each with the topmost such table above it.
-- That hash comes from the OID of the label, so the same row belongs to another partition on another server.
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
),
scattered as (
    select p.partrelid as oid
    from pg_catalog.pg_partitioned_table p
    where p.partstrat = 'h'
      and exists (
          select
          from unnest(p.partattrs::pg_catalog.int2[], p.partclass::pg_catalog.oid[]) as key (attnum, class)
          join pg_catalog.pg_opclass hashing on hashing.oid = key.class
          left join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = key.attnum
          where hashing.opcintype = 'pg_catalog.anyenum'::pg_catalog.regtype
             or a.atttypid in (select oid from enums)
             -- The catalogs do not name the type of an expression: of those that may hold an enum, it is taken to.
             or (key.attnum = 0
                 and hashing.opcintype in ('pg_catalog.anyarray'::pg_catalog.regtype,
                                           'pg_catalog.anyrange'::pg_catalog.regtype,
                                           'pg_catalog.record'::pg_catalog.regtype)))
),
below as (
    select i.inhrelid as oid, scattered.oid as tree
    from scattered
    join pg_catalog.pg_inherits i on i.inhparent = scattered.oid
    union
    select i.inhrelid, below.tree
    from below
    join pg_catalog.pg_inherits i on i.inhparent = below.oid
)
select below.oid, below.tree
from below
where below.tree not in (select oid from below)
