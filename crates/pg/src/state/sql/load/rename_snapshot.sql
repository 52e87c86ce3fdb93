update transhume.snapshot set name = $2::text where id = $1::integer
