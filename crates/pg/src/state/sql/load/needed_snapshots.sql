select s.id, s.name, s.snapshot::text as shows, pg_catalog.count(*) as open_parts
from transhume.snapshot s
join transhume.relation r on r.snapshot_id = s.id
join transhume.part p on p.source_oid = r.source_oid
where p.done_at is null
group by s.id, s.name, s.snapshot::text
order by s.id
