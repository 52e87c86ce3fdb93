select exists (select from transhume.archive)
