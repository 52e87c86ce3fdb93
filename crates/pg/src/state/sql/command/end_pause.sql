-- Ends the pauses that were made for this reason ($1), and no other.
update transhume.command
set state = 'done', answer = 'resumed'
where name = 'pause' and argument = $1::text and state = 'active'
