select exists (select from transhume.archive where number = $1)
