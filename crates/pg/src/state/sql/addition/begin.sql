insert into transhume.addition (tables, step) values ($1, $2) returning number
