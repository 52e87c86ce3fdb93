-- Clients of this database that are none of ours. What is hidden of other roles' sessions is null.
select a.usename::text as role, coalesce(a.application_name, '') as application, pg_catalog.count(*) as sessions
from pg_catalog.pg_stat_activity a
where a.datname = pg_catalog.current_database()
  and a.pid <> pg_catalog.pg_backend_pid()
  and coalesce(a.backend_type, 'client backend') = 'client backend'
  and a.usename is not null
  and coalesce(a.application_name, '') !~ '^transhume'
group by 1, 2
order by 1, 2
