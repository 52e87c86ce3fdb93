-- Another frozen pair for what is still to be compared; its pieces are planned anew.
with cleared as (
    delete from transhume.verification_table t
    where t.verification_id = $1 and t.equal is null
)
update transhume.verification
set lsn = $2::text::pg_lsn, source_snapshot = $3, target_snapshot = $4
where id = $1
