update transhume.frontier set is_fenced = false where is_fenced
