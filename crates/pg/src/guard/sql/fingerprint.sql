-- Of each catalog that holds definitions: how many rows of users it has, and the sum of the transactions that wrote them.
-- pg_class and pg_attribute are compared by facts; the schema transhume is our own.
select pg_catalog.concat_ws('|',
    (select pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.sum(p.xmin::text::bigint))
     from pg_catalog.pg_proc p where p.oid >= 16384),
    (select pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.sum(t.xmin::text::bigint))
     from pg_catalog.pg_type t
     join pg_catalog.pg_namespace n on n.oid = t.typnamespace and n.nspname !~ '^(transhume(_[0-9a-f]{8}_ddl)?$|pg_t)'
     where t.oid >= 16384),
    (select pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.sum(e.xmin::text::bigint)) from pg_catalog.pg_enum e),
    (select pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.sum(x.xmin::text::bigint))
     from pg_catalog.pg_constraint x
     join pg_catalog.pg_namespace n on n.oid = x.connamespace and n.nspname !~ '^(transhume(_[0-9a-f]{8}_ddl)?$|pg_t)'),
    (select pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.sum(p.xmin::text::bigint)) from pg_catalog.pg_policy p),
    (select pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.sum(g.xmin::text::bigint))
     from pg_catalog.pg_trigger g where not g.tgisinternal),
    (select pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.sum(w.xmin::text::bigint))
     from pg_catalog.pg_rewrite w where w.oid >= 16384),
    (select pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.sum(d.xmin::text::bigint))
     from pg_catalog.pg_attrdef d
     join pg_catalog.pg_class c on c.oid = d.adrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^(transhume(_[0-9a-f]{8}_ddl)?$|pg_t)'))
