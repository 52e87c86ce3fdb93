select pg_catalog.count(*) filter (where t.ended_at is null) as open,
       pg_catalog.count(*)                                   as tables,
       coalesce(pg_catalog.sum(t.bytes), 0)::bigint          as bytes,
       coalesce(pg_catalog.sum(t.bytes) filter (where t.ended_at is not null), 0)::bigint as bytes_ended,
       coalesce((select pg_catalog.sum(p.bytes) from transhume.verification_piece p
                 where p.verification_id = $1 and p.done_at is not null), 0)::bigint as bytes_of_pieces
from transhume.verification_table t
where t.verification_id = $1
