-- Nothing is confirmed before it is flushed, and so a COMMIT need not wait for it; but where a standby must have it
-- too, only a COMMIT that waits says so.
select pg_catalog.set_config('synchronous_commit',
    case when pg_catalog.current_setting('synchronous_standby_names') = '' then 'off' else 'on' end, false);
-- A table without statistics must not turn every key lookup into a scan for as long as its plan is kept.
set enable_seqscan = off;
-- Costs of disabled scans would otherwise call the compiler for statements of microseconds.
set jit = off;
-- Lists of keys are looked up by index, row by row, however long they are and whatever statistics say;
-- a plan made for the length of one list would serve the next one badly, and planning costs more than it saves.
set enable_hashjoin = off;
set enable_mergejoin = off;
set plan_cache_mode = force_generic_plan;
-- The lists of one statement stay in memory.
set work_mem = '64MB';
-- A batch says read committed when it begins, so that what is sent behind a BEGIN that failed can tell, and writes nothing.
set default_transaction_isolation = 'repeatable read';
