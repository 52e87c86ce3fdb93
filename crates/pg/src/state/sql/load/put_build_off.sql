-- The build $1 was refused for the reason $2: it holds up nothing that waits for it.
update transhume.build
set held_until_cutover = true, refused = $2
where id = $1 and done_at is null
