-- Every table that holds rows of its own, with the columns that can be compared; and instead of the partitions below it
-- every table that is partitioned by a hash: which of them holds a row is the server's business, since a hash may
-- differ between servers.
WITH RECURSIVE below AS (
    SELECT i.inhrelid AS oid
    FROM pg_catalog.pg_partitioned_table AS p
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = p.partrelid
    WHERE p.partstrat = 'h'
    UNION
    SELECT i.inhrelid
    FROM below
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = below.oid
)
SELECT
    n.nspname::text,
    c.relname::text,
    ARRAY(
        SELECT a.attname::text
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ),
    c.relkind = 'p'
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE (
        c.relkind = 'r'
        OR EXISTS (
            SELECT FROM pg_catalog.pg_partitioned_table AS p
            WHERE p.partrelid = c.oid AND p.partstrat = 'h'
        )
    )
    AND c.oid NOT IN (SELECT oid FROM below)
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'transhume')
    AND n.nspname !~ '^(pg_(toast|temp)|transhume_[0-9a-f]{8}_ddl$)'
