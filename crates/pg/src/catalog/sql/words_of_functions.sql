-- Which of the words in $1 (a pattern of alternatives) stand in the texts of users' functions.
select i.type || ' ' || i.identity as function, found.words
from pg_catalog.pg_proc p
join pg_catalog.pg_language l on l.oid = p.prolang
cross join lateral pg_catalog.pg_identify_object('pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0) i
cross join lateral (
    select pg_catalog.array_agg(distinct pg_catalog.lower(m.word[1])) as words
    from pg_catalog.regexp_matches(p.prosrc, $1, 'gi') m(word)
) found
-- What initdb makes has smaller OIDs.
where p.oid >= 16384 and l.lanname not in ('internal', 'c')
  and found.words is not null
  and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
order by 1
