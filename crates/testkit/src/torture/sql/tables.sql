-- Logged tables: schema, name, columns, a query of their rows as arrays of text, and the places of the columns that identify a row.
-- format() gives what the type's output function gives, as test_decoding prints it.
-- Last, schema and name of the tree that a table is a partition of, where a hash of an enum places its rows: it hashes the OIDs of
-- the labels, so that the same row belongs to another partition on another server.
SELECT
    n.nspname::text,
    c.relname::text,
    a.names,
    pg_catalog.format(
        'SELECT ARRAY[%s]::pg_catalog.text[] FROM ONLY %I.%I',
        a.values_as_text, n.nspname, c.relname
    ),
    CASE
        WHEN c.relreplident = 'f' THEN '{}'::integer[]
        ELSE coalesce((
            SELECT pg_catalog.array_agg((pg_catalog.array_position(a.numbers, k.number) - 1) ORDER BY k.place)
            FROM pg_catalog.pg_index AS i
            CROSS JOIN pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
            WHERE i.indrelid = c.oid AND k.place <= i.indnkeyatts
                AND CASE c.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END
        ), '{}'::integer[])
    END,
    (
        SELECT ARRAY[tn.nspname::text, t.relname::text]
        FROM pg_catalog.pg_class AS t
        JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
        WHERE t.oid = pg_catalog.pg_partition_root(c.oid)
            AND EXISTS (
                SELECT FROM pg_catalog.pg_partition_tree(t.oid) AS inner_table
                JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = inner_table.relid AND p.partstrat = 'h'
                JOIN pg_catalog.pg_attribute AS k ON k.attrelid = p.partrelid AND k.attnum = ANY(p.partattrs::smallint[])
                JOIN pg_catalog.pg_type AS y ON y.oid = k.atttypid AND y.typtype = 'e'
            )
    )
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT
        coalesce(pg_catalog.array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C"), '{}') AS names,
        coalesce(pg_catalog.array_agg(a.attnum ORDER BY a.attname::text COLLATE "C"), '{}') AS numbers,
        coalesce(pg_catalog.string_agg(
            pg_catalog.format('CASE WHEN %1$I::pg_catalog.text IS NOT NULL THEN pg_catalog.format(''%%s'', %1$I) END', a.attname),
            ', ' ORDER BY a.attname::text COLLATE "C"
        ), '') AS values_as_text
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
) AS a
WHERE c.relkind = 'r' AND c.relpersistence = 'p'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'transhume')
    AND n.nspname !~ '^pg_(toast|temp)'
