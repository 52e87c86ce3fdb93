select done_at is null from transhume.build where id = $1::bigint
