-- Who does it, for people; and a commit that waits for the disk.
update transhume.build set loader = $2::text where id = $1::bigint
