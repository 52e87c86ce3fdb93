-- While the source is followed: tables whose rows are not kept up.
select r.schema_name || '.' || r.table_name || ': ' || case r.state when 'suspended' then 'suspended' when 'adding' then 'being added' else 'being loaded' end
from transhume.relation r
cross join transhume.migration m
where r.state not in ('loaded', 'dropped') and m.phase in ('follow', 'cutover')
order by r.schema_name, r.table_name
