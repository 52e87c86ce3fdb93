-- Seconds from the end of the load to the last batch.
select greatest(extract(epoch from f.updated_at - max(h.at)), 0)
from transhume.history h, transhume.frontier f
where h.step = 'post-data completed'
group by f.updated_at
