-- Triggers and rules that would act on what apply writes, with their present state (O, R, A).
-- $1: whether apply runs as a replica, so that only R and A act. Disabled ones act never.
select n.nspname::text as schema_name, c.relname::text as table_name, 'TRIGGER' as kind,
       t.tgname::text as name, t.tgenabled::text as state
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal
  and c.relkind in ('r', 'p')
  and n.nspname <> 'transhume'
  and t.tgenabled <> 'D'
  and (t.tgenabled <> 'O' or not $1::pg_catalog.bool)
union all
select n.nspname::text, c.relname::text, 'RULE', r.rulename::text, r.ev_enabled::text
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where r.ev_type <> '1'
  and c.relkind in ('r', 'p')
  and n.nspname not in ('transhume', 'pg_catalog', 'information_schema')
  and r.ev_enabled <> 'D'
  and (r.ev_enabled <> 'O' or not $1::pg_catalog.bool)
order by 1, 2, 3, 4
