-- What pg_stat_statements of this database counted, by text; {view} is where the extension was made. Columns were renamed in 13.
-- Transactions, COPY and definitions are no queries of an application; nor is what asks the catalogs.
select
    s.query                                                                       as text,
    pg_catalog.sum(s.calls)::bigint                                               as calls,
    pg_catalog.sum(coalesce((line ->> 'total_exec_time')::double precision,
                            (line ->> 'total_time')::double precision))           as total_milliseconds
from {view} s
cross join lateral pg_catalog.to_jsonb(s) as line
where s.dbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and (s.query = '<insufficient privilege>'
       or s.query ~* '^[[:space:]]*(/\*.*?\*/[[:space:]]*)*[(]*(select|insert|update|delete|merge|with|values|table|call)\M'
          and s.query !~ '(transhume|pg_catalog|pg_stat_statements)')
group by s.query
