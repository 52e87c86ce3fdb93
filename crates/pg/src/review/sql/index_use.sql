-- What was counted of every index and of its table since the statistics began.
select
    i.schemaname::text              as schema_name,
    i.relname::text                 as table_name,
    i.indexrelname::text            as index_name,
    i.idx_scan                      as scans,
    coalesce(t.seq_scan, 0)         as table_scans,
    coalesce(t.seq_tup_read, 0)     as rows_read
from pg_catalog.pg_stat_user_indexes i
join pg_catalog.pg_stat_user_tables t on t.relid = i.relid
where i.schemaname <> 'transhume'
order by 1, 2, 3
