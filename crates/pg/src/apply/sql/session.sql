-- A confirmed LSN must be durable here.
set synchronous_commit = on;
-- A table without statistics must not turn every key lookup into a scan for as long as its plan is kept.
set enable_seqscan = off;
-- Costs of disabled scans would otherwise call the compiler for statements of microseconds.
set jit = off;
