with known as (
    select id
    from transhume.deviation
    where side = $1 and kind = $2 and object = $3 and state <> 'undone'
    limit 1
), added as (
    insert into transhume.deviation (side, kind, object, description, undo)
    select $1, $2, $3, $4, $5
    where not exists (select from known)
    returning id
)
select id from known
union all
select id from added
