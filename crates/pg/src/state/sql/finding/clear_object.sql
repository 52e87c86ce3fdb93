delete from transhume.finding where origin = $1 and code = $2 and object = $3
