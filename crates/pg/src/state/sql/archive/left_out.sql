-- Entries of the schema archive that the target does not get, with the reason.
select description, reason
from transhume.archive_item
where disposition = 'left_out'
order by dump_id
