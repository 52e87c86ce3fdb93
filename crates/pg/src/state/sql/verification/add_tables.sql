insert into transhume.verification_table (verification_id, schema_name, table_name, subject, bytes, lsn)
select $1, t.schema_name, t.table_name, t.subject::jsonb, t.bytes, $2::text::pg_lsn
from unnest($3::text[], $4::text[], $5::text[], $6::bigint[]) as t (schema_name, table_name, subject, bytes)
