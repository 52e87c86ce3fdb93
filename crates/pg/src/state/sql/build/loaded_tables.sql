-- Tables that have rows of their own to load, for their ANALYZE and VACUUM.
select r.source_oid, r.schema_name, r.table_name, r.bytes, pg_catalog.count(p.id) as parts
from transhume.relation r
left join transhume.part p on p.source_oid = r.source_oid
where r.state <> 'dropped'
group by r.source_oid
order by r.source_oid
