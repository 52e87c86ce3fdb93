-- The tables of the full load with the number of their parts, all and done.
select
    r.schema_name,
    r.table_name,
    r.format,
    r.format_reason,
    r.rows_estimate,
    r.bytes,
    count(p.id)      as parts,
    count(p.done_at) as parts_done
from transhume.relation r
left join transhume.part p using (source_oid)
group by r.source_oid
order by r.bytes desc, r.schema_name, r.table_name
