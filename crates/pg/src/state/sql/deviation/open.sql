select id, kind, object, description, undo
from transhume.deviation
where side = $1 and state <> 'undone'
order by id desc
