select m.phase, f.is_fenced
from transhume.migration m
cross join transhume.frontier f
