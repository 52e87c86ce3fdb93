-- Waits for whoever copies a part of this table.
select id from transhume.part where source_oid = $1::oid order by id for update
