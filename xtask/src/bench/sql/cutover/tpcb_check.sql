-- What the moved database says of itself: sums that do not agree.
select 'sums differ: ' || array_to_string(sums, ', ')
from (select array[(select sum(balance) from public.accounts), (select sum(balance) from public.tellers),
                   (select sum(balance) from public.branches), (select sum(delta) from public.history)]) of_all (sums)
where (select count(distinct sum) from unnest(sums) sum) <> 1;
