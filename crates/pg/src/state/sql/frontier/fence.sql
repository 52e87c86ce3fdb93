-- Stands from now on, where everything below the fence LSN ($1) is applied, or its marker ($2) is.
update transhume.frontier
set is_fenced = true
where lsn >= $1::text::pg_catalog.pg_lsn
   or exists (select from transhume.marker where nonce = $2)
returning lsn::text
