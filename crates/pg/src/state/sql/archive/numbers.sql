select number from transhume.archive order by number
