select m.phase, f.is_fenced, m.fence_nonce
from transhume.migration m
cross join transhume.frontier f
