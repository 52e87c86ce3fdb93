-- Ends every pause and keeps the request in the story; says whether there was one.
with ended as (
    update transhume.command
    set state = 'done', answer = 'resumed'
    where name = 'pause' and state = 'active'
    returning id
),
requested as (
    insert into transhume.command (name, state)
    select 'resume', 'done'
    where exists (select from ended)
)
select exists (select from ended)
