update transhume.command
set expires_at = pg_catalog.clock_timestamp() + $2::double precision * interval '1 second'
where id = $1::bigint
  and state in ('requested', 'active')
  and expires_at > pg_catalog.clock_timestamp()
