select t.schema_name, t.table_name, t.lsn::text as lsn, t.source_rows, t.target_rows, t.source_digest, t.target_digest, t.equal, t.differences, t.is_all, t.undecided,
       t.note, t.ended_at is not null as has_ended,
       pg_catalog.to_char(t.carried_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as unchanged_since,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - t.carried_from)::double precision as unchanged_seconds
from transhume.verification_table t
where t.verification_id = $1
order by t.schema_name, t.table_name
