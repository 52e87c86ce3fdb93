select exists (select from transhume.snapshot)
