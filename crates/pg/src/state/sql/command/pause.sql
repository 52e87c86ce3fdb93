-- A pause is in force as soon as its row is there: whoever claims looks for it. $1: why, where nobody asked for it.
insert into transhume.command (name, argument, state)
select 'pause', $1::text, 'active'
where not exists (
    select from transhume.command where name = 'pause' and argument = $1::text and state = 'active')
