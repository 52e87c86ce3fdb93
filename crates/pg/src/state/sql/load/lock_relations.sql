-- In the order of OIDs, so that two loaders that finish the same tables never wait for each other.
select source_oid from transhume.relation
where source_oid = any ($1::oid[])
order by source_oid
for no key update
