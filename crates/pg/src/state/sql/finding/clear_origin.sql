delete from transhume.finding where origin = $1
