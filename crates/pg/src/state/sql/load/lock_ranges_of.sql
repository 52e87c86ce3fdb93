-- Waits for whoever still copies a range of these tables under a snapshot that they had before.
select p.id
from transhume.part p
join transhume.relation r on r.source_oid = p.source_oid
where p.source_oid = any ($1::oid[]) and r.range_column is not null
order by p.id
for update of p
