-- Sessions hand their counts over as they end.
do $$ begin
    while exists (select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
                                                 and backend_type in ('client backend', 'parallel worker'))
    loop
        perform pg_sleep(0.01);
        perform pg_stat_clear_snapshot();
    end loop;
end $$;
select t.seq_tup_read + coalesce(t.idx_tup_fetch, 0),
       b.heap_blks_read + b.heap_blks_hit + coalesce(b.idx_blks_read + b.idx_blks_hit, 0)
from pg_stat_user_tables t
join pg_statio_user_tables b using (relid)
where t.relname = 'searched';
