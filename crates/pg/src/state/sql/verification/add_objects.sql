-- Completes the newest verification with what came of the comparison of objects: $1 findings must be acted upon.
update transhume.verification
set object_blockers = $1,
    result = case when $1 > 0 and result = 'equal' then 'different' else result end
where id = (select pg_catalog.max(id) from transhume.verification)
