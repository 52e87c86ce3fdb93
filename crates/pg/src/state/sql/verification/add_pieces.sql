insert into transhume.verification_piece
    (verification_id, schema_name, table_name, number, source_predicate, target_predicate, bytes)
select $1, p.schema_name, p.table_name, p.number, p.source_predicate, p.target_predicate, p.bytes
from unnest($2::text[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::bigint[])
     as p (schema_name, table_name, number, source_predicate, target_predicate, bytes)
