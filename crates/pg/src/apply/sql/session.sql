-- A confirmed LSN must be durable here.
set synchronous_commit = on;
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
