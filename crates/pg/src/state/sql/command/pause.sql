-- A pause is in force as soon as its row is there: whoever claims looks for it.
insert into transhume.command (name, state)
select 'pause', 'active'
where not exists (select from transhume.command where name = 'pause' and state = 'active')
