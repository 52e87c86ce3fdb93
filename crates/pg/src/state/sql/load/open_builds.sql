select name from transhume.build where done_at is null and not held_until_cutover order by rank, id
