-- Whether the table called $1 is the root of partitions, or of a part of them, and nothing below it can have rows.
select coalesce((
    select c.relkind = 'p'
           and not exists (select from pg_catalog.pg_partition_tree(c.oid::pg_catalog.regclass) t where t.isleaf)
    from pg_catalog.pg_class c
    where c.oid = pg_catalog.to_regclass($1)), false) as is_empty_root
