-- What extensions keep for the user, in the order in which each extension names it: its tables and sequences, the rows
-- that count (a condition that begins with WHERE), and the columns that can be written.
select e.extname::text                                   as extension,
       n.nspname::text                                   as schema_name,
       c.relname::text                                   as table_name,
       c.relkind = 'S'                                   as is_sequence,
       coalesce(e.extcondition[config.position], '')     as condition,
       coalesce((
           select pg_catalog.array_agg(a.attname::text order by a.attnum)
           from pg_catalog.pg_attribute a
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
       ), '{}')                                          as columns
from pg_catalog.pg_extension e
cross join lateral pg_catalog.unnest(e.extconfig) with ordinality config (oid, position)
join pg_catalog.pg_class c on c.oid = config.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'S')
order by e.extname, config.position
