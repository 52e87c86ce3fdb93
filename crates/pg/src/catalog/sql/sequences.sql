-- Every user sequence with what it was made with and the last value given out.
-- last_value is null when the sequence was never called (a value set by setval(..., false) is then in
-- the sequence itself, see catalog::sequences) and when this role may not read it.
select
    c.oid,
    n.nspname::text                                  as schema_name,
    c.relname::text                                  as sequence_name,
    pg_catalog.format_type(s.seqtypid, null)         as type_name,
    s.seqstart                                       as start_value,
    s.seqmin                                         as min_value,
    s.seqmax                                         as max_value,
    s.seqincrement                                   as increment,
    s.seqcache                                       as cache,
    s.seqcycle                                       as cycle,
    pg_catalog.pg_get_userbyid(c.relowner)::text     as owner,
    readable.yes                                     as readable,
    case when readable.yes then pg_catalog.pg_sequence_last_value(c.oid::pg_catalog.regclass) end as last_value,
    owned.schema_name                                as owned_by_schema,
    owned.table_name                                 as owned_by_table,
    owned.column_name                                as owned_by_column,
    coalesce(owned.is_identity, false)               as is_identity
from pg_catalog.pg_sequence s
join pg_catalog.pg_class c on c.oid = s.seqrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    -- The value is read by SELECT (and by pg_sequence_last_value with USAGE too, but not from the sequence itself).
    select pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
       and pg_catalog.has_schema_privilege(n.oid, 'USAGE') as yes
) readable
left join lateral (
    select tn.nspname::text as schema_name, t.relname::text as table_name, a.attname::text as column_name,
           d.deptype = 'i' as is_identity
    from pg_catalog.pg_depend d
    join pg_catalog.pg_class t on t.oid = d.refobjid
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0
      and d.deptype in ('a', 'i')
    limit 1
) owned on true
where c.relpersistence <> 't'
  and n.nspname !~ '^(pg_|transhume_[0-9a-f]{8}_ddl$)'
  and n.nspname not in ('information_schema', 'transhume')
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e')
order by n.nspname, c.relname
