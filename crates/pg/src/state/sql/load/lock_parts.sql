-- Waits until no part is claimed, and lets nobody claim one before this transaction ends.
lock table transhume.part in exclusive mode
