-- Kind and definition of every object outside of extensions and system schemas, as one text each.
WITH own_schema AS (
    SELECT oid, nspname, nspowner, nspacl
    FROM pg_catalog.pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'transhume') AND nspname !~ '^(pg_(toast|temp)|transhume_[0-9a-f]{8}_ddl$)'
),

own_class AS (
    SELECT c.*, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class AS c
    JOIN own_schema AS n ON n.oid = c.relnamespace
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
)

SELECT 'schema' AS kind, pg_catalog.quote_ident(nspname) AS definition FROM own_schema
UNION ALL
SELECT 'extension', pg_catalog.format('%I in %s', e.extname, e.extnamespace::pg_catalog.regnamespace)
FROM pg_catalog.pg_extension AS e
UNION ALL
SELECT
    'relation',
    pg_catalog.format(
        '%s %s %s options %s rls %s/%s populated %s bound %s parents %s partitioned %s', c.name, c.relkind,
        c.relpersistence, c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relispopulated,
        pg_catalog.pg_get_expr(c.relpartbound, c.oid),
        ARRAY(
            SELECT i.inhparent::pg_catalog.regclass FROM pg_catalog.pg_inherits AS i
            WHERE i.inhrelid = c.oid ORDER BY i.inhseqno
        ),
        CASE c.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END
    )
FROM own_class AS c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
UNION ALL
SELECT
    'column',
    pg_catalog.format(
        '%s.%I %s not null %s identity "%s" generated "%s" default %s collation %s storage %s', c.name, a.attname,
        pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        pg_catalog.pg_get_expr(d.adbin, d.adrelid), l.collname, a.attstorage
    )
FROM own_class AS c
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
SELECT
    'index',
    pg_catalog.format(
        '%s valid %s clustered %s', pg_catalog.pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered
    )
FROM own_class AS c
JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid
UNION ALL
-- NOT NULL is among the constraints from version 18 on only; the columns have it.
SELECT
    'constraint',
    pg_catalog.format(
        '%s %s %I %s validated %s', r.conrelid::pg_catalog.regclass, r.contypid::pg_catalog.regtype, r.conname,
        pg_catalog.pg_get_constraintdef(r.oid), r.convalidated
    )
FROM pg_catalog.pg_constraint AS r
JOIN own_schema AS n ON n.oid = r.connamespace
WHERE r.contype <> 'n'
UNION ALL
-- A partition's copy of its parent's trigger is not an object of its own.
SELECT
    'trigger', pg_catalog.format('%s enabled %s', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled)
FROM own_class AS c
JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = c.oid
WHERE NOT t.tgisinternal AND COALESCE(pg_catalog.to_jsonb(t) ->> 'tgparentid', '0') = '0'
UNION ALL
-- Those behind foreign keys, if someone left them switched off.
SELECT 'internal trigger', pg_catalog.format('%s enabled %s', c.name, t.tgenabled)
FROM own_class AS c
JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = c.oid
WHERE t.tgisinternal AND t.tgenabled <> 'O'
UNION ALL
SELECT 'rule', pg_catalog.pg_get_ruledef(r.oid)
FROM own_class AS c
JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid
WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT 'view', pg_catalog.format('%s %s', c.name, pg_catalog.pg_get_viewdef(c.oid))
FROM own_class AS c
WHERE c.relkind IN ('v', 'm')
UNION ALL
SELECT
    'sequence',
    pg_catalog.format(
        '%s %s start %s by %s from %s to %s cache %s cycle %s owned by %s', c.name,
        s.seqtypid::pg_catalog.regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
        (
            SELECT pg_catalog.format('%s.%I', d.refobjid::pg_catalog.regclass, a.attname)
            FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
                AND d.deptype IN ('a', 'i')
        )
    )
FROM own_class AS c
JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = c.oid
UNION ALL
SELECT
    'policy',
    pg_catalog.format(
        '%s %I %s %s %s %s %s', c.name, p.polname, p.polcmd, p.polpermissive,
        ARRAY(SELECT pg_catalog.quote_ident(rolname) FROM pg_catalog.pg_roles WHERE oid = ANY (p.polroles) ORDER BY 1),
        pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
    )
FROM own_class AS c
JOIN pg_catalog.pg_policy AS p ON p.polrelid = c.oid
UNION ALL
SELECT 'statistics', pg_catalog.pg_get_statisticsobjdef(s.oid)
FROM pg_catalog.pg_statistic_ext AS s
JOIN own_schema AS n ON n.oid = s.stxnamespace
UNION ALL
SELECT
    'function',
    CASE p.prokind
        WHEN 'a' THEN
            pg_catalog.format(
                'aggregate %s(%s)', p.oid::pg_catalog.regproc, pg_catalog.pg_get_function_arguments(p.oid)
            )
        ELSE pg_catalog.pg_get_functiondef(p.oid)
    END
FROM pg_catalog.pg_proc AS p
JOIN own_schema AS n ON n.oid = p.pronamespace
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    -- Of an extension, or made together with a range type.
    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i')
)
UNION ALL
SELECT
    'type',
    pg_catalog.format(
        '%s %s labels %s base %s not null %s default %s subtype %s', t.oid::pg_catalog.regtype, t.typtype,
        ARRAY(
            SELECT e.enumlabel FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder
        ),
        pg_catalog.format_type(NULLIF(t.typbasetype, 0), t.typtypmod), t.typnotnull, t.typdefault,
        (
            SELECT r.rngsubtype::pg_catalog.regtype FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid
        )
    )
FROM pg_catalog.pg_type AS t
JOIN own_schema AS n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd', 'r')
