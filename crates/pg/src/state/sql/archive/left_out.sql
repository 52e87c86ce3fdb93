-- Entries of the first schema archive that the target does not get, with the reason.
select description, reason
from transhume.archive_item
where disposition = 'left_out' and archive = 0
order by dump_id
