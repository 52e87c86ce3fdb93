select state, answer from transhume.command where id = $1::bigint
