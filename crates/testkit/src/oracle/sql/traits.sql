-- Comments, owners and privileges of every object outside of extensions and system schemas, as one text each;
-- and large objects whole, since they are neither rows nor definitions.
-- MAINTAIN came with version 17: an owner has it there and cannot have it before.
WITH own_schema AS (
    SELECT oid, nspname, nspowner, nspacl
    FROM pg_catalog.pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'transhume') AND nspname !~ '^(pg_(toast|temp)|transhume_[0-9a-f]{8}_ddl$)'
),

owned AS (
    SELECT
        'pg_catalog.pg_class'::pg_catalog.regclass AS catalog, c.oid, c.relowner AS owner,
        COALESCE(c.relacl, pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
            AS privileges
    FROM pg_catalog.pg_class AS c
    JOIN own_schema AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT
        'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, p.proowner,
        COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))
    FROM pg_catalog.pg_proc AS p
    JOIN own_schema AS n ON n.oid = p.pronamespace
    UNION ALL
    SELECT
        'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typowner,
        COALESCE(t.typacl, pg_catalog.acldefault('T', t.typowner))
    FROM pg_catalog.pg_type AS t
    JOIN own_schema AS n ON n.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd', 'r')
    UNION ALL
    SELECT
        'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, n.nspowner,
        COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))
    FROM own_schema AS n
),

named AS (
    SELECT o.*, i.type || ' ' || i.identity AS name
    FROM owned AS o
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.catalog, o.oid, 0) AS i
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        -- Of an extension, or made together with a range type.
        WHERE d.classid = o.catalog AND d.objid = o.oid
            AND (d.deptype = 'e' OR d.deptype = 'i' AND o.catalog = 'pg_catalog.pg_proc'::pg_catalog.regclass)
    )
)

SELECT
    'comment' AS kind,
    pg_catalog.format('%s %s: %s', i.type, i.identity, d.description) AS definition
FROM pg_catalog.pg_description AS d
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
WHERE d.objoid >= 16384
    AND COALESCE(i.schema, '') <> 'transhume' AND i.identity !~ '^transhume\y'
    AND d.classoid <> 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS e
        WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e'
    )
UNION ALL
SELECT 'owner', pg_catalog.format('%s: %I', name, pg_catalog.pg_get_userbyid(owner))
FROM named
UNION ALL
SELECT
    'grants',
    pg_catalog.format(
        '%s: %s to %s, may grant %s', n.name, a.privilege_type,
        CASE a.grantee WHEN 0 THEN 'public' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
        a.is_grantable
    )
FROM named AS n
CROSS JOIN LATERAL pg_catalog.aclexplode(n.privileges) AS a
WHERE a.privilege_type <> 'MAINTAIN'
UNION ALL
SELECT
    'grants',
    pg_catalog.format(
        '%s.%I: %s to %I, may grant %s', c.attrelid::pg_catalog.regclass, c.attname, a.privilege_type,
        pg_catalog.pg_get_userbyid(a.grantee), a.is_grantable
    )
FROM pg_catalog.pg_attribute AS c
JOIN pg_catalog.pg_class AS r ON r.oid = c.attrelid
JOIN own_schema AS n ON n.oid = r.relnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(c.attacl) AS a
WHERE NOT c.attisdropped
UNION ALL
SELECT
    'default grants',
    pg_catalog.format(
        'by %I in %s on %s: %s to %I', pg_catalog.pg_get_userbyid(d.defaclrole),
        NULLIF(d.defaclnamespace, 0)::pg_catalog.regnamespace, d.defaclobjtype, a.privilege_type,
        pg_catalog.pg_get_userbyid(a.grantee)
    )
FROM pg_catalog.pg_default_acl AS d
CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS a
WHERE a.privilege_type <> 'MAINTAIN'
UNION ALL
SELECT
    'large object',
    pg_catalog.format(
        '%s of %I, md5 %s', m.oid, pg_catalog.pg_get_userbyid(m.lomowner), pg_catalog.md5(pg_catalog.lo_get(m.oid))
    )
FROM pg_catalog.pg_largeobject_metadata AS m
