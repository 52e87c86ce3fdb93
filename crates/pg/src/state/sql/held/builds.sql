select id, kind, name, statements
from transhume.build
where held_until_cutover and refused is null and done_at is null
order by rank, id
