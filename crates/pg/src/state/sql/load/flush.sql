-- Any committed row will do: with synchronous_commit its commit flushes all WAL before it.
insert into transhume.history (step, detail)
select $1::text,
       pg_catalog.jsonb_build_object('parts', pg_catalog.count(*), 'rows', pg_catalog.sum(rows_copied),
                                     'bytes', pg_catalog.sum(bytes_copied))
from transhume.part
where done_at is not null
