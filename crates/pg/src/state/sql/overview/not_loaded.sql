-- While the source is followed: tables whose rows are not kept up.
select r.schema_name || '.' || r.table_name as table_name, r.state
from transhume.relation r
cross join transhume.migration m
where r.state not in ('loaded', 'dropped') and m.phase in ('follow', 'cutover')
order by r.schema_name, r.table_name
