-- Members of the predefined roles that read or write every table, which came with version 14, as privileges call them.
select pg_catalog.concat('role ', pg_catalog.quote_ident(r.rolname)) as grantee, m.reads, m.writes
from pg_catalog.pg_roles r
cross join lateral (
    select coalesce(pg_catalog.bool_or(p.rolname = 'pg_read_all_data'), false)  as reads,
           coalesce(pg_catalog.bool_or(p.rolname = 'pg_write_all_data'), false) as writes
    from pg_catalog.pg_roles p
    where p.rolname in ('pg_read_all_data', 'pg_write_all_data')
      and pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER')
) m
where not r.rolsuper
  and r.rolname !~ '^pg_'
  and (m.reads or m.writes)
