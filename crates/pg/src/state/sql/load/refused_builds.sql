-- What was refused and is not done yet, in the order in which it must be done.
select id, kind, name, statements
from transhume.build
where refused is not null and done_at is null
order by rank, id
