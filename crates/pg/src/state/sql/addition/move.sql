update transhume.addition set step = $3, message = $4 where number = $1 and step = $2
