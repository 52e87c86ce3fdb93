-- A transaction that reads one frozen state and can neither write nor end by itself.
begin transaction isolation level repeatable read read only
