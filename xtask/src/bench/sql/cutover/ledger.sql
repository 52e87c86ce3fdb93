-- What the moved database says of itself: sums that must agree, and numbers that were given twice.
select (select sum(balance) from public.accounts), (select sum(balance) from public.tellers),
       (select sum(balance) from public.branches), (select sum(delta) from public.history),
       (select count(*) - count(distinct number) from public.ledger)
