-- Sets every sequence that is there ($1 names, $2 values, $3 whether the value was given out) and
-- returns the numbers of those that are not. A data-modifying function must not be planned away:
-- its result is counted. unnest of several arrays is syntax of its own and cannot be qualified.
with wanted as (
    select number, pg_catalog.to_regclass(name) as sequence, value, is_called
    from unnest($1::text[], $2::bigint[], $3::boolean[])
         with ordinality as listed (name, value, is_called, number)
), done as materialized (
    select pg_catalog.count(pg_catalog.setval(sequence, value, is_called)) as count
    from wanted
    where sequence is not null
)
select wanted.number
from wanted, done
where wanted.sequence is null and done.count >= 0
union all
-- Evaluates "done" where nothing is missing.
select 0 from done where done.count < 0
