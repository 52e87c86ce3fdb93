insert into transhume.history (step, detail) values ($1, $2)
