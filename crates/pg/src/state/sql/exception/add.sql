insert into transhume.exception
    (commit_lsn, xid, schema_name, table_name, operation, key, old_values, new_values, class, reason, sqlstate)
values ($1::text::pg_catalog.pg_lsn, $2::bigint, $3::text, $4::text, $5::text, $6::jsonb, $7::jsonb, $8::jsonb, $9::text,
        $10::text, $11::text)
