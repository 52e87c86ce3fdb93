delete from transhume.archive where number = $1
