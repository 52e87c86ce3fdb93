begin;
set local synchronous_commit = local
